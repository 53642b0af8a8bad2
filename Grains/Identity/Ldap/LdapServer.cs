using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>Where a directory is and how its connections are protected.</summary>
internal sealed class LdapServer(LdapConfiguration configuration)
{
    private readonly X509Certificate2Collection? _authorities = configuration.Ca?.Load();

    public string Host => configuration.Url.IdnHost;

    public int Port => configuration.Url.Port > 0 ? configuration.Url.Port : Tls ? 636 : 389;

    public bool AllowPrivate => configuration.AllowPrivate;

    public bool Tls => configuration.Url.Scheme == "ldaps";

    public bool StartTls => configuration.StartTls;

    /// <summary>The certificate must be for the host, and signed by the configured authorities or the system's.</summary>
    public SslClientAuthenticationOptions Authentication()
    {
        var options = new SslClientAuthenticationOptions { TargetHost = Host };
        if (_authorities is { } authorities)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

        return options;
    }
}
