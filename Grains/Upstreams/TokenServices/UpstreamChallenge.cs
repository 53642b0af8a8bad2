namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>How an upstream asks for credentials.</summary>
/// <param name="Realm">The vetted token endpoint; set for <see cref="UpstreamScheme.Bearer"/>.</param>
[GenerateSerializer, Immutable, Alias("rp.upstream-challenge")]
internal sealed record UpstreamChallenge(
    [property: Id(0)] UpstreamScheme Scheme,
    [property: Id(1)] Uri? Realm = null,
    [property: Id(2)] string? Service = null)
{
    public static UpstreamChallenge Unknown { get; } = new(UpstreamScheme.Unknown);
}

/// <summary>The schemes of <see cref="UpstreamChallenge"/>.</summary>
[GenerateSerializer, Alias("rp.upstream-scheme")]
internal enum UpstreamScheme
{
    Unknown,
    None,
    Basic,
    Bearer,
}
