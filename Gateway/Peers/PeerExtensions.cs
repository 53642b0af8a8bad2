namespace RegistryProxy.Gateway.Peers;

/// <summary>Adds the reading of gateways from each other.</summary>
internal static class PeerExtensions
{
    public static IServiceCollection AddPeers(this IServiceCollection services) => services
        .AddSingleton<LocalPeer>()
        .AddSingleton<PeerMeter>()
        .AddSingleton<PeerClient>()
        .AddSingleton<Elections>()
        .AddSingleton<FillSources>()
        .AddSingleton<PeerBlobs>()
        .AddSingleton<PeerListener>();
}
