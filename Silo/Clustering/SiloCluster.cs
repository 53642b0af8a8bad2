using System.Net;
using Orleans.Configuration;
using Orleans.Dashboard;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Health;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Telemetry;
using RegistryProxy.Silo.Storage;

namespace RegistryProxy.Silo.Clustering;

/// <summary>The Orleans side of a silo.</summary>
public static class SiloCluster
{
    /// <summary>Of so many grains a silo remembers where they are.</summary>
    private const int DirectoryCapacity = 100_000;

    /// <summary>Adds a silo that gateways, and in a cluster others like it, can reach.</summary>
    public static void AddSilo(this WebApplicationBuilder builder, HostStart start) =>
        builder.AddSilo(start, cluster => (UnusedPort.Or(cluster.SiloPort), cluster.GatewayPort));

    /// <summary>
    /// Adds a silo to a process that has its own gateway. Without a cluster it stands alone, so that several run on one machine.
    /// </summary>
    public static void AddEmbeddedSilo(this WebApplicationBuilder builder, HostStart start) =>
        builder.AddSilo(start, cluster =>
            cluster.Provider == ClusterProvider.Localhost ? (UnusedPort.Or(0), 0) : (UnusedPort.Or(cluster.SiloPort), cluster.GatewayPort));

    private static void AddSilo(
        this WebApplicationBuilder builder, HostStart start, Func<ClusterConfiguration, (int Silo, int Gateway)> choose)
    {
        var configuration = start.Source.Current.Configuration;
        var cluster = configuration.Cluster;
        var ports = choose(cluster);
        RequirePorts(ListenerProbe.Of(builder), cluster, ports);
        builder.Services.AddGrains();
        builder.Services.AddKeptParts(start.Source);
        if (cluster.Provider != ClusterProvider.Localhost)
        {
            builder.Services.AddRevisions(
                new RevisionFeed(start.Source, start.ConfigPath!, TimeProvider.System), FileSeries.OfThisMachine(start.ConfigPath!));
            builder.Services.AddSingleton<IReadiness, RevisionReadiness>();
            builder.Services.AddSingleton<SuspendDetector>();
            builder.Services.AddHostedService(services => services.GetRequiredService<SuspendDetector>());
            builder.Services.AddSingleton<IReadiness>(services => services.GetRequiredService<SuspendDetector>());
            builder.Services.AddSingleton<IIncomingGrainCallFilter, DeadSiloGate>();
        }

        builder.UseOrleans(silo =>
        {
            AddMembership(silo, cluster, ports);
            silo.Configure<SiloConnectionOptions>(options => MemberConnections.Begin(options, TimeProvider.System));
            if (cluster.Tls is { } tls)
            {
                silo.Configure<SiloConnectionOptions>(options => MemberConnections.AwaitHello(options, TimeProvider.System));
                silo.UseTls(new MemberCertificates(tls, TimeProvider.System).Configure);
            }

            silo.Configure<SiloConnectionOptions>(MemberConnections.AwaitPreamble);
            silo.AddStateStorage(configuration.State, cluster.ServiceId);
            if (TelemetryExport.IsOn)
            {
                silo.AddActivityPropagation();
            }

            AddGrainDirectory(silo);

            // Orleans makes room for as many at once: a million, which it has by default, cost 18 MB.
            silo.Configure<GrainDirectoryOptions>(options => options.CacheSize = DirectoryCapacity);
            silo.AddDashboard(dashboard => (dashboard.HideTrace, dashboard.CounterUpdateIntervalMs) = (true, 5000));
            silo.Configure<SiloMessagingOptions>(options =>
            {
                // Without it a call that timed out goes on occupying its grain.
                options.CancelRequestOnTimeout = true;
                options.ResponseTimeout = TimeSpan.FromSeconds(10);
            });
            silo.Configure<ClusterMembershipOptions>(SetMembership);
            silo.Configure<LoadSheddingOptions>(
                options => (options.LoadSheddingEnabled, options.CpuThreshold, options.MemoryThreshold) = (true, 95, 100));
        });
        if (configuration.State.Provider != StateProvider.Memory)
        {
            HeldSilo.Hold(builder.Services);
        }
    }

    private static void RequirePorts(ListenerProbe probe, ClusterConfiguration cluster, (int Silo, int Gateway) ports)
    {
        var address = cluster.Provider == ClusterProvider.Localhost ? IPAddress.Loopback : SiloAddressing.Advertised(cluster);
        foreach (var (key, port) in new[] { ("cluster.siloPort", ports.Silo), ("cluster.gatewayPort", ports.Gateway) })
        {
            probe.Require(key, $"{address}:{port}", new IPEndPoint(address, port));
        }
    }

    private static void AddMembership(ISiloBuilder silo, ClusterConfiguration cluster, (int Silo, int Gateway) ports)
    {
        if (cluster.Provider == ClusterProvider.Localhost)
        {
            silo.UseLocalhostClustering(ports.Silo, ports.Gateway, serviceId: cluster.ServiceId, clusterId: cluster.ClusterId);
            return;
        }

        silo.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = (cluster.ServiceId, cluster.ClusterId));
        silo.ConfigureEndpoints(SiloAddressing.Advertised(cluster), ports.Silo, ports.Gateway);
        if (cluster.Provider == ClusterProvider.Redis)
        {
            silo.UseRedisMembership(cluster);
        }
        else
        {
            silo.UseKubernetesMembership(cluster.Kubernetes);
        }
    }

    private static void AddGrainDirectory(ISiloBuilder silo)
    {
        // The default directory loses live activations when a silo leaves; this one was measured not to. Experimental in name only.
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003

        // It would keep the grains of a silo that died from coming back for half a minute, so that none lives twice. Ours may: state has
        // ETags, and what gateways hear has epochs and generations.
        silo.Configure<GrainDirectoryOptions>(directory => directory.RangeLeaseDuration = TimeSpan.Zero);
    }

    /// <summary>
    /// With the defaults a new silo cannot join for 95 s after a crash, a killed one is believed alive for 15 s, and one that is silent on
    /// open connections for a minute: those count as life for three times the longest probe.
    /// </summary>
    private static void SetMembership(ClusterMembershipOptions membership)
    {
        membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        membership.ProbeTimeout = TimeSpan.FromSeconds(1);
        membership.MaxProbeTimeout = TimeSpan.FromSeconds(2);
    }
}
