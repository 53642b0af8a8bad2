using System.Net;
using System.Net.Sockets;
using Orleans.Configuration;
using RegistryProxy.Configuration;
using RegistryProxy.Grains;
using RegistryProxy.Silo.Storage;

namespace RegistryProxy.Silo;

/// <summary>The Orleans side of a silo.</summary>
public static class SiloCluster
{
    /// <summary>Adds a silo that others may join.</summary>
    public static void AddSilo(this WebApplicationBuilder builder, FrontDoorConfiguration configuration) =>
        builder.AddSilo(configuration, configuration.Cluster.SiloPort, configuration.Cluster.GatewayPort);

    /// <summary>Adds a silo that stands alone: on a free port, without a port for clients, so that several run on one machine.</summary>
    public static void AddEmbeddedSilo(this WebApplicationBuilder builder, FrontDoorConfiguration configuration) =>
        builder.AddSilo(configuration, FreePort(), gatewayPort: 0);

    private static void AddSilo(this WebApplicationBuilder builder, FrontDoorConfiguration configuration, int siloPort, int gatewayPort)
    {
        var cluster = configuration.Cluster;
        builder.Services.AddGrains();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort, gatewayPort, serviceId: cluster.ServiceId, clusterId: cluster.ClusterId);
            silo.AddStateStorage(configuration.State);
            AddGrainDirectory(silo);
            silo.Configure<SiloMessagingOptions>(options =>
            {
                // Without it a call that timed out goes on occupying its grain.
                options.CancelRequestOnTimeout = true;
                options.ResponseTimeout = TimeSpan.FromSeconds(10);
            });
            silo.Configure<ClusterMembershipOptions>(SetMembership);
        });
    }

    private static void AddGrainDirectory(ISiloBuilder silo)
    {
        // The default directory loses live activations when a silo leaves; this one was measured not to. Experimental in name only.
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
    }

    /// <summary>With the defaults a new silo cannot join for 95 s after a crash; with these it took 19 s.</summary>
    private static void SetMembership(ClusterMembershipOptions membership)
    {
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);
        membership.ProbeTimeout = TimeSpan.FromSeconds(2);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
