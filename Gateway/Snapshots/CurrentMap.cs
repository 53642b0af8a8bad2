namespace RegistryProxy.Gateway.Snapshots;

/// <summary>The map that requests use now; <c>null</c> until the first snapshot came.</summary>
internal sealed class CurrentMap
{
    private volatile FrontDoorMap? _map;

    public FrontDoorMap? Value => _map;

    public void Replace(FrontDoorMap map) => _map = map;
}
