using RegistryProxy.Configuration;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>Tokens of an OpenID Connect provider.</summary>
internal sealed class OidcAuthenticator : ITokenAuthenticator, ITriable, IDisposable
{
    private readonly OidcConfiguration _configuration;
    private readonly IssuedTokenVerifier _verifier;

    /// <param name="configuration">The provider, and what its tokens must have.</param>
    /// <param name="network">How connections to it are opened.</param>
    /// <param name="time">The time.</param>
    /// <param name="server">What is told of how the provider fares.</param>
    /// <param name="secrets">Keeps what was read last of <c>clientSecret</c>; <c>null</c> to take it as it lies there now.</param>
    public OidcAuthenticator(
        OidcConfiguration configuration, Func<EgressSettings> network, TimeProvider time, ServiceOutages.ServiceOutage? server,
        AuthenticatorSecrets? secrets = null)
    {
        _configuration = configuration;
        _verifier = new(configuration, network, time, server, IssuedTokenVerifier.AnySignature)
        {
            SubjectClaim = configuration.SubjectClaim,
        };
        People = configuration.People is { } people ? new CodeFlow(configuration, people, Identify, network, time, server, secrets) : null;
    }

    /// <summary>How people log in by browser; <c>null</c> when they do not.</summary>
    public CodeFlow? People { get; }

    public bool AsksNobody => true;

    public bool Allows(VerifiedIdentity identity) => identity.Has(_configuration.Require, _configuration.GroupsClaim);

    public ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation) =>
        _verifier.Verify(presented.Text, Identify, cancellation);

    public ValueTask<Trial> Try(CancellationToken cancellation)
    {
        try
        {
            _configuration.People?.ClientSecret?.Read();
        }
        catch (SecretUnavailableException fault)
        {
            return new(new Trial("clientSecret", fault.Message));
        }

        return _verifier.Try(cancellation);
    }

    public void Dispose()
    {
        _verifier.Dispose();
        People?.Dispose();
    }

    private Verdict Identify(IssuedToken token)
    {
        if (token.IsUnproved(_configuration.SubjectClaim))
        {
            return Verdict.Refused(IssuedToken.NotVerified(_configuration.SubjectClaim)) with
            {
                Reason = $"{IssuedToken.NotVerified(_configuration.SubjectClaim)}: {_configuration.SubjectClaim}_verified must be true",
            };
        }

        if (token.Misses(_configuration.Require) is { } miss)
        {
            return Verdict.Misses(miss, _configuration.Name, _configuration.Name, token.Text(_configuration.SubjectClaim));
        }

        var (groups, claims) = (token.Texts(_configuration.GroupsClaim), token.Scalars());
        return token.Text(_configuration.SubjectClaim) is { Length: > 0 } subject
            ? Verdict.Proved(new VerifiedIdentity(_configuration.Name, subject, groups, claims, "", token.Expires)
            {
                Required = token.Beside(claims, _configuration.Require.Keys.Where(claim => claim != _configuration.GroupsClaim)),
            })
            : Verdict.Refused($"claim {_configuration.SubjectClaim} missing: it must name the subject");
    }
}
