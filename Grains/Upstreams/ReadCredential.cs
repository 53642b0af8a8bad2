using RegistryProxy.Configuration;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>The credential of an upstream as it lies there now: a secret, an issuer, or the reason why there is neither.</summary>
internal sealed record ReadCredential(string Stamp)
{
    public UpstreamSecret? Secret { get; init; }

    public ISecretIssuer? Issuer { get; init; }

    /// <summary>Why there is neither.</summary>
    public SecretUnavailableException? Problem { get; init; }

    public static ReadCredential Of(UpstreamConfiguration upstream, CredentialSource source, UpstreamStamp stamp)
    {
        try
        {
            var (secret, issuer) = source.Of(upstream);
            var material = issuer is null
                ? $"{secret?.Username}\n{secret?.Password?.Reveal()}\n{secret?.IdentityToken?.Reveal()}\n{secret?.PasswordGrant}"
                : $"{issuer.Definition}\n{issuer.ReadMaterial()}";
            return new ReadCredential(stamp.Of(upstream, material)) { Secret = secret, Issuer = issuer };
        }
        catch (SecretUnavailableException fault)
        {
            return new ReadCredential("unavailable") { Problem = fault };
        }
    }
}
