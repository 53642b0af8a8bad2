namespace RegistryProxy.Gateway.Cluster;

/// <summary>Whether there is anybody to ask. A process that has its own silo always has.</summary>
internal sealed class ClusterContact
{
    private volatile bool _lost;

    /// <summary>Not one silo is connected.</summary>
    public bool IsLost => _lost;

    public void Changed(object? sender, GatewayCountChangedEventArgs change) => _lost = change.NumberOfConnectedGateways == 0;
}
