using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Peers;

namespace RegistryProxy.Gateway.PeerServing;

/// <summary>Adds the reading of gateways from each other.</summary>
internal static class PeerExtensions
{
    public static IServiceCollection AddPeers(this IServiceCollection services) => services
        .AddSingleton<LocalPeer>()
        .AddSingleton<PeerMeter>()
        .AddSingleton<PeerClient>()
        .AddSingleton<Elections>()
        .AddSingleton<DownloadSources>()
        .AddSingleton<PeerBlobs>()
        .AddSingleton<PeerListener>();
}
