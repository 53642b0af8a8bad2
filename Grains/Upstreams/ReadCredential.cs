using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Grains.Upstreams.Principals;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Grains.Upstreams.TokenServices;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// The credential of an upstream as it lies there now, or as it did when it last could be read: a secret, an issuer, or the reason why
/// there is neither.
/// </summary>
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
            var (secret, issuer, shown) = source.Read(upstream);
            var material = issuer is null
                ? $"{secret?.Username}\n{secret?.Password?.Reveal()}\n{secret?.IdentityToken?.Reveal()}\n{secret?.PasswordGrant}"
                : $"{issuer.Definition}\n{shown}";
            return new ReadCredential(stamp.Of(upstream, material)) { Secret = secret, Issuer = issuer };
        }
        catch (SecretUnavailableException fault)
        {
            return new ReadCredential("unavailable") { Problem = fault };
        }
    }

    /// <summary>What opens the upstream where it asks in this way, or what is missing for that.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="challenge">How it asks.</param>
    /// <param name="issued">What the principal of the credential was given; <c>null</c> when it has none.</param>
    public UpstreamAuthentication Open(UpstreamConfiguration upstream, UpstreamChallenge challenge, PrincipalAnswer? issued)
    {
        if (issued?.Failure is { } none)
        {
            var text = $"upstream '{upstream.Name}' has no usable secret: ";
            return UpstreamAuthentication.Failed(none with { Message = text + none.Message, Detail = text + none.Detail }, Stamp);
        }

        var secret = issued?.Secret ?? Secret ?? UpstreamSecret.None;
        if (challenge.Scheme == UpstreamScheme.Basic && secret.Password is null)
        {
            return UpstreamAuthentication.Failed(
                new UpstreamFailure(UpstreamFailureKind.Refused,
                    $"upstream '{upstream.Name}' wants a user name and password: set credentials", 0), Stamp);
        }

        return new UpstreamAuthentication
        {
            Challenge = challenge,
            Secret = secret,
            SecretVersion = issued?.Version ?? 0,
            SecretExpires = issued?.Expires,
            AllowPrivate = upstream.AllowPrivate,
            Stamp = Stamp,
            Origin = HttpOrigin.Of(upstream.Url).ToString(),
        };
    }
}
