using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// One upstream's long-lived secret and how the upstream asks for it. Internal: no client may call it. The key is the upstream's name.
/// </summary>
[Version(1), Alias("rp.IUpstreamCredentialGrain")]
internal interface IUpstreamCredentialGrain : IGrainWithStringKey
{
    /// <summary>How the upstream is opened; asks the upstream itself when that is not known, or <paramref name="anew"/>.</summary>
    /// <param name="anew">The upstream refused what came of the last authentication.</param>
    /// <param name="refusedSecret">The version of the secret that was refused; 0 for none.</param>
    [Alias("Open"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    ValueTask<UpstreamAuthentication> Open(bool anew, long refusedSecret);

    /// <summary>
    /// The same where a refusal said how the upstream asks; what cannot be used of that leaves it as it is opened elsewhere.
    /// </summary>
    /// <param name="challenges">The values of its <c>WWW-Authenticate</c>.</param>
    /// <param name="anew">The upstream refused what came of the last authentication.</param>
    /// <param name="refusedSecret">The version of the secret that was refused; 0 for none.</param>
    [Alias("OpenAsked"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    ValueTask<UpstreamAuthentication> OpenAsked(string[] challenges, bool anew, long refusedSecret);

    /// <summary>Changes when the definition of the upstream or its secret does.</summary>
    [Alias("GetStamp"), AlwaysInterleave]
    ValueTask<string> GetStamp();

    /// <summary>Where the upstream is, while its stamp is this one; else <c>null</c>.</summary>
    [Alias("OriginOf"), AlwaysInterleave]
    ValueTask<string?> OriginOf(string stamp);

    /// <summary>
    /// What came of a token call, or that none was made. A failure of the whole upstream backs off all its scopes; the answer is that
    /// failure with its time, or <c>null</c> when it is taken to be about the one scope.
    /// </summary>
    [Alias("Report"), AlwaysInterleave]
    ValueTask<UpstreamFailure?> Report(TokenCallOutcome outcome);
}

/// <summary>What came of a token call.</summary>
/// <param name="Stamp">The stamp of the authentication that it was made with.</param>
/// <param name="Expires">The expiry of the token; <c>null</c> when there is none.</param>
/// <param name="Failure"><c>null</c> when all is well.</param>
/// <param name="OfUpstream">Whether the failure may be about the credential or the endpoint rather than about one scope.</param>
/// <param name="Scope">The scope that was asked for; empty for none, <c>null</c> from a version that does not say.</param>
[GenerateSerializer, Immutable, Alias("rp.token-call-outcome")]
internal sealed record TokenCallOutcome(
    [property: Id(0)] string Stamp,
    [property: Id(1)] DateTimeOffset? Expires,
    [property: Id(2)] UpstreamFailure? Failure,
    [property: Id(3)] bool OfUpstream,
    [property: Id(4)] string? Scope = null);
