using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.ServiceDefaults.Health;

namespace RegistryProxy.Gateway;

/// <summary>A gateway is ready when it has a snapshot; which one, it says.</summary>
internal sealed class GatewayReadiness(CurrentMap current) : IReadiness
{
    public string Name => "gateway";

    public bool IsReady => current.Value is not null;

    public string? Detail => current.Value?.Snapshot.ConfigurationVersion;
}
