using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// One upstream token: upstream × scope. Fetches it once for the whole cluster, renews it before it expires, drops it when the upstream
/// refuses it. The key is <see cref="UpstreamTokenKey.ToString"/>.
/// </summary>
[Version(0), Alias("rp.IUpstreamTokenGrain")]
public interface IUpstreamTokenGrain : IGrainWithStringKey
{
    /// <summary>The current token, fetched when there is none.</summary>
    [Alias("GetGrant"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    ValueTask<UpstreamTokenResult> GetToken(CancellationToken cancellation = default);

    /// <summary>
    /// The upstream refused the token of this generation: it is dropped and another one fetched. A generation that is not the current one
    /// was replaced already; the current token comes back, as it does before its <see cref="UpstreamToken.ReplaceableFrom"/>.
    /// </summary>
    [Alias("Replace"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    ValueTask<UpstreamTokenResult> Replace(long refusedGeneration, CancellationToken cancellation = default);

    /// <summary>
    /// <see cref="Replace"/> after a 401, which says how the upstream asks here (RFC 9110 §11.6.1): it need not ask alike everywhere, nor
    /// at
    /// <c>/v2/</c> at all.
    /// </summary>
    /// <param name="refusedGeneration">The generation that was refused.</param>
    /// <param name="challenges">The values of its <c>WWW-Authenticate</c>; none when it says nothing.</param>
    /// <param name="wasAccepted">Whether the upstream took it before: it is over, and another one may be good again.</param>
    /// <param name="cancellation">Ends the wait.</param>
    [Alias("ReplaceAsked"), AlwaysInterleave, ResponseTimeout("00:00:10")]
    ValueTask<UpstreamTokenResult> ReplaceAsked(
        long refusedGeneration, string[] challenges, bool wasAccepted, CancellationToken cancellation = default);
}

/// <summary>Names an upstream token.</summary>
/// <param name="Upstream">The upstream's name in the configuration.</param>
/// <param name="Scope">The scope at the upstream, several separated by spaces, the wanted one first; empty for none.</param>
public readonly record struct UpstreamTokenKey(string Upstream, string Scope)
{
    /// <summary>Reads a grain key.</summary>
    public static UpstreamTokenKey Parse(string text)
    {
        var parts = text.Split('|', 2);
        return new UpstreamTokenKey(parts[0], parts[1]);
    }

    /// <summary>The grain key, <c>upstream|scope</c>.</summary>
    public override string ToString() => $"{Upstream}|{Scope}";
}
