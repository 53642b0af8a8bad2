using System.Net;
using Orleans.Configuration;
using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.ServiceDefaults;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Health;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway;

/// <summary>A gateway as a process of its own: the data listener, probes and metrics. It needs nothing but the cluster's address.</summary>
public static class GatewayApp
{
    public static Task Run(HostStart start)
    {
        var configuration = start.Source.Current.Configuration;
        var builder = HostBuilding.CreateBuilder(start);
        builder.AddListeners(start, ListenerKind.Data, ListenerKind.Admin);
        AddCluster(builder, configuration.Cluster);
        builder.Services.AddGateway(OptionsOf(configuration));
        var app = builder.Build();
        app.MapWhen(context => ListenerFeature.Is(context, ListenerKind.Data), data => data.RunGateway());
        RunProbes(app);
        app.AnnounceListeners(ListenerKind.Data, ListenerKind.Admin);
        return app.RunAsync();
    }

    /// <summary>What a gateway takes from its own configuration file.</summary>
    public static GatewayOptions OptionsOf(FrontDoorConfiguration configuration) => new()
    {
        TrustedProxies = configuration.Listen.TrustedProxies,
        MaxStale = configuration.Cluster.MaxStale,
        Cache = configuration.Cache,
    };

    private static void AddCluster(WebApplicationBuilder builder, ClusterConfiguration cluster) =>
        BackgroundConnection.Add(builder, client =>
        {
            client.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, cluster.GatewayPort));
            client.Configure<ClusterOptions>(options => (options.ServiceId, options.ClusterId) = (cluster.ServiceId, cluster.ClusterId));
            client.Configure<ClientMessagingOptions>(options =>
            {
                options.CancelRequestOnTimeout = true;
                options.ResponseTimeout = TimeSpan.FromSeconds(10);
            });
            client.UseConnectionRetryFilter(async (_, cancellation) =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System, cancellation);
                return true;
            });
        });

    private static void RunProbes(WebApplication app)
    {
        var health = app.Services.GetRequiredService<HealthEndpoints>();
        app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
        app.MapGet("/livez", HealthEndpoints.Live);
        app.MapGet("/readyz", health.Ready);
    }
}
