using RegistryProxy.Configuration;

namespace RegistryProxy.Gateway.Options;

/// <summary>What a gateway is told by its own host; everything else comes with the snapshot.</summary>
public sealed record GatewayOptions
{
    /// <summary>How long known sessions are served while the cluster is away. Default 5 minutes.</summary>
    public TimeSpan MaxStale { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Where pulls are kept; <c>null</c> for nowhere.</summary>
    public CacheConfiguration? Cache { get; init; }

    /// <summary>How gateways read from each other what they keep; <c>null</c> when each is on its own.</summary>
    public PeerOptions? Peers { get; init; }
}
