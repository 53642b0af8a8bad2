using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>A request that was understood, allowed and routed: all that an operation needs.</summary>
internal sealed class Exchange
{
    public required HttpContext Context { get; init; }

    public required Site Site { get; init; }

    public required FrontDoorMap Map { get; init; }

    public required DistributionPath Path { get; init; }

    public required Caller Caller { get; init; }

    /// <summary>The name as rules, scopes and clients know it.</summary>
    public required RepositoryName Repository { get; init; }

    public required TenantRoute Route { get; init; }

    /// <summary>Where the request goes now; a pull that falls back moves on.</summary>
    public required Destination Destination { get; set; }

    /// <summary>The name at the upstream.</summary>
    public RepositoryName UpstreamName => Destination.Name;

    public Upstream Upstream => Destination.Upstream;

    /// <summary>Whether somebody without a login asked from there for what is not there.</summary>
    public bool HasMissed { get; init; }

    /// <summary>The error for who did so too often; <c>null</c> for everybody else.</summary>
    public DistributionError? TooManyMisses { get; init; }

    /// <summary>Where the answer came from.</summary>
    public CacheState Cache { get; set; }

    public bool IsHead => HttpMethods.IsHead(Context.Request.Method);

    public CancellationToken Aborted => Context.RequestAborted;
}
