using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions.Identity.Issuers;

/// <summary>Tokens of an OpenID Connect provider.</summary>
internal sealed class OidcAuthenticator(OidcConfiguration configuration, TimeProvider time) : ITokenAuthenticator, IDisposable
{
    private readonly IssuedTokenVerifier _verifier = new(configuration, time, IssuedTokenVerifier.AnySignature);

    public bool Allows(VerifiedIdentity identity) => configuration.Require.All(
        claim => !identity.Claims.TryGetValue(claim.Key, out var value) || claim.Value.Any(glob => Glob.Matches(glob, value)));

    public ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation) =>
        _verifier.Verify(presented.Text, Identify, cancellation);

    public void Dispose() => _verifier.Dispose();

    private Verdict Identify(IssuedToken token)
    {
        if (!token.Satisfies(configuration.Require))
        {
            return Verdict.Refused($"the token does not have the claims that '{configuration.Name}' requires");
        }

        return token.Text(configuration.SubjectClaim) is { Length: > 0 } subject
            ? Verdict.Proved(new VerifiedIdentity(configuration.Name, subject, token.Texts(configuration.GroupsClaim), token.Scalars(), "", token.Expires))
            : Verdict.Refused($"the token has no claim '{configuration.SubjectClaim}'");
    }
}
