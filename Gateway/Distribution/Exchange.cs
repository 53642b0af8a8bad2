using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>A request that was understood, allowed and routed: all that an operation needs.</summary>
internal sealed record Exchange
{
    public required HttpContext Context { get; init; }

    public required Site Site { get; init; }

    public required FrontDoorMap Map { get; init; }

    public required DistributionPath Path { get; init; }

    public required Caller Caller { get; init; }

    /// <summary>The name as rules, scopes and clients know it.</summary>
    public required RepositoryName Repository { get; init; }

    public required TenantRoute Route { get; init; }

    /// <summary>The name at the upstream.</summary>
    public required RepositoryName UpstreamName { get; init; }

    public Upstream Upstream => Route.Upstream;

    public bool IsHead => HttpMethods.IsHead(Context.Request.Method);

    public CancellationToken Aborted => Context.RequestAborted;
}
