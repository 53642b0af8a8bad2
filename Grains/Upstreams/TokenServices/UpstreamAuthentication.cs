using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>How an upstream is opened, or why it cannot be.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-opening")]
internal sealed record UpstreamAuthentication
{
    [Id(0)]
    public UpstreamFailure? Failure { get; init; }

    [Id(1)]
    public UpstreamChallenge Challenge { get; init; } = UpstreamChallenge.Unknown;

    [Id(2)]
    public UpstreamSecret Secret { get; init; } = UpstreamSecret.None;

    /// <summary>The version of a secret that was issued; 0 for one that lies somewhere.</summary>
    [Id(3)]
    public long SecretVersion { get; init; }

    /// <summary>When an issued secret ends; <c>null</c> for one that lies somewhere.</summary>
    [Id(4)]
    public DateTimeOffset? SecretExpires { get; init; }

    [Id(5)]
    public bool AllowPrivate { get; init; }

    /// <summary>The definition and secret that this was made from.</summary>
    [Id(6)]
    public string Stamp { get; init; } = "";

    /// <summary>The origin of the upstream that this opens; <c>null</c> from a version that does not say.</summary>
    [Id(7)]
    public string? Origin { get; init; }

    public static UpstreamAuthentication Failed(UpstreamFailure failure, string stamp) => new() { Failure = failure, Stamp = stamp };
}
