using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Grains.Sessions.Identity.Ldap;

namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>From the configuration of an authenticator to the authenticator.</summary>
internal sealed class AuthenticatorFactory(PasswordWork work, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>Makes it, or says why its files cannot be used.</summary>
    public (IAuthenticator? Authenticator, string Problem) TryCreate(AuthenticatorConfiguration configuration)
    {
        try
        {
            return (Create(configuration), "");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or FormatException)
        {
            return (null, fault.Message);
        }
    }

    private IAuthenticator Create(AuthenticatorConfiguration configuration) => configuration switch
    {
        HtpasswdConfiguration htpasswd => HtpasswdFile.TryRead(htpasswd.File, out var file, out var problems)
            ? new HtpasswdAuthenticator(htpasswd, file, work)
            : throw new FormatException(string.Join("; ", problems)),
        LdapConfiguration ldap => new LdapAuthenticator(ldap, time, loggers.CreateLogger<LdapAuthenticator>()),
        _ => throw new FormatException($"the type '{configuration.Type}' is not known to this silo"),
    };
}
