using RegistryProxy.ServiceDefaults.Health;

namespace RegistryProxy.Silo.Clustering;

/// <summary>A silo is ready when it is an active member of its cluster.</summary>
internal sealed class SiloReadiness(ISiloStatusOracle oracle) : IReadiness
{
    public string Name => "silo";

    public bool IsReady => oracle.CurrentStatus == SiloStatus.Active;

    public string? Detail => oracle.CurrentStatus.ToString();
}
