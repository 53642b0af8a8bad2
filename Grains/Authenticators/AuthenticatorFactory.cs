using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Aws;
using RegistryProxy.Grains.Identity.Azure;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Grains.Identity.Ldap;
using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Identity.Plugin;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Network;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>From the configuration of an authenticator to the authenticator.</summary>
internal sealed class AuthenticatorFactory(
    PasswordWork work, NonceAuthority nonces, IGrainFactory grains, EgressProxies proxies, TimeProvider time, ILoggerFactory loggers,
    ServiceOutages? outages = null)
{
    /// <summary>The robots of all tenants, which no configuration names.</summary>
    public RobotAuthenticator Robots { get; } = new(grains, time);

    /// <summary>Keeps what was read last of their secrets; <c>null</c> in a trial, which is about what lies there now.</summary>
    public LastingSecrets? Secrets { get; init; }

    /// <summary>Forgets what is wrong with the servers of all but these authenticators.</summary>
    public void Keep(IEnumerable<string> authenticators) => outages?.Keep(authenticators);

    /// <summary>Makes it, or says why its files cannot be used.</summary>
    /// <param name="configuration">The authenticator.</param>
    /// <param name="name">What it is called among those of all tenants; its own name where there are no others.</param>
    public (IAuthenticator? Authenticator, string Problem) TryCreate(AuthenticatorConfiguration configuration, string? name = null)
    {
        try
        {
            return (Create(configuration, name ?? configuration.Name), "");
        }
        catch (Exception fault)
        {
            return (null, fault.Message);
        }
    }

    private IAuthenticator Create(AuthenticatorConfiguration configuration, string name) => configuration switch
    {
        HtpasswdConfiguration htpasswd => htpasswd.TryRead(out var file, out var problems)
            ? new HtpasswdAuthenticator(htpasswd, file, work)
            : throw new FormatException(string.Join("; ", problems)),
        LdapConfiguration ldap => new LdapAuthenticator(ldap, time, loggers.CreateLogger<LdapAuthenticator>())
            { Server = outages?.Of(name), Secrets = new AuthenticatorSecrets(Secrets, name) },
        OidcConfiguration oidc => new OidcAuthenticator(oidc, () => To(oidc), time, outages?.Of(name),
            new AuthenticatorSecrets(Secrets, name)),
        KubernetesConfiguration kubernetes => new KubernetesAuthenticator(kubernetes, time, outages?.Of(name)),
        GcpIdentityConfiguration gcp => new GcpIdentityAuthenticator(gcp, () => To(gcp), time, outages?.Of(name)),
        AwsStsConfiguration sts => new AwsStsAuthenticator(sts, () => To(sts), time) { Server = outages?.Of(name) },
        AwsIidConfiguration iid => new AwsIidAuthenticator(iid, grains, time),
        AzureAttestedConfiguration azure => new AzureAttestedAuthenticator(azure, nonces, time),
        GrpcConfiguration grpc => new GrpcAuthenticator(grpc) { Server = outages?.Of(name) },
        _ => throw new FormatException($"the type '{configuration.Type}' is not known to this silo"),
    };

    /// <summary>What the file names is reached by name; what a discovery document names is vetted.</summary>
    private EgressSettings To(TokenIssuerConfiguration issuer)
    {
        var address = Uri.TryCreate(issuer.Issuer, UriKind.Absolute, out var uri) && HttpOrigin.TryGet(uri, out _) ? uri : null;
        var keys = issuer.Keys is AddressedKeys addressed ? addressed.Address : null;
        return proxies.For(issuer.AllowPrivate, new[] { address, keys }.OfType<Uri>()) with { IsVetted = issuer.IsOfTenant };
    }

    /// <summary>The hosts of AWS are those of a strict grammar: <see cref="PresignedCallerIdentity"/>.</summary>
    private EgressSettings To(AwsStsConfiguration sts) => sts.Endpoint is { } endpoint
        ? proxies.For(sts.AllowPrivate, endpoint) with { IsVetted = sts.IsOfTenant }
        : proxies.For(allowPrivate: false) is { IsPlain: false } settings
            ? settings with { Targets = settings.Targets.And(["*.amazonaws.com", "*.amazonaws.com.cn"]) }
        : new EgressSettings(AllowPrivate: false);
}
