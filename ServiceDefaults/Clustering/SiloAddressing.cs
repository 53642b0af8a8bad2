using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Redis;

namespace RegistryProxy.ServiceDefaults.Clustering;

/// <summary>Under which address others reach a silo.</summary>
public static class SiloAddressing
{
    /// <summary>
    /// <c>cluster.advertise</c>; else <c>POD_IP</c>; else loopback when the cluster meets on this machine; else the first address of an
    /// interface that is up.
    /// </summary>
    public static IPAddress Advertised(ClusterConfiguration cluster) =>
        cluster.Advertise
        ?? (IPAddress.TryParse(Environment.GetEnvironmentVariable("POD_IP"), out var pod) ? pod : null)
        ?? (MeetsHere(cluster) ? IPAddress.Loopback : FirstOfInterfaces() ?? IPAddress.Loopback);

    private static bool MeetsHere(ClusterConfiguration cluster) => cluster.Provider switch
    {
        ClusterProvider.Localhost => true,
        ClusterProvider.Redis => RedisServer.Options(cluster.Redis!, "cluster.redis").EndPoints.All(IsLoopback),
        _ => cluster.Kubernetes.Server is { IsLoopback: true },
    };

    private static bool IsLoopback(EndPoint server) => server switch
    {
        IPEndPoint address => IPAddress.IsLoopback(address.Address),
        DnsEndPoint name => name.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase),
        _ => true,
    };

    private static IPAddress? FirstOfInterfaces() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(card => card.OperationalStatus == OperationalStatus.Up && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(card => card.GetIPProperties().UnicastAddresses)
        .Select(entry => entry.Address)
        .OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
        .FirstOrDefault(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal);
}
