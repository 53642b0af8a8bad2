using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Peers;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.ServiceDefaults;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Draining;
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
        builder.AddFileSending(configuration);
        builder.AddListeners(start, ListenerKind.Data, ListenerKind.Admin, ListenerKind.Peer);
        builder.AddClusterClient(configuration.Cluster);
        builder.Services.AddGateway(OptionsOf(configuration));
        builder.Services.AddSingleton<RequestFlow>();
        var app = builder.Build();
        app.MapWhen(context => ListenerFeature.Is(context, ListenerKind.Data), RunData);
        app.MapPeers();
        RunProbes(app);
        app.AnnounceListeners(ListenerKind.Data, ListenerKind.Admin, ListenerKind.Peer);
        return app.RunUntilTold();
    }

    /// <summary>What a gateway takes from its own configuration file.</summary>
    public static GatewayOptions OptionsOf(FrontDoorConfiguration configuration) => new()
    {
        TrustedProxies = configuration.Listen.TrustedProxies,
        MaxStale = configuration.Cluster.MaxStale,
        Cache = configuration.Cache,
        Peers = configuration.Listen.Peer is null ? null : new PeerOptions(configuration.Cluster.Tls!, SiloAddressing.Advertised(configuration.Cluster)),
    };

    private static void RunData(IApplicationBuilder data)
    {
        var flow = data.ApplicationServices.GetRequiredService<RequestFlow>();
        data.Use((context, next) =>
        {
            flow.Note(context);
            return next(context);
        });
        data.RunGateway();
    }

    private static void RunProbes(WebApplication app)
    {
        var health = app.Services.GetRequiredService<HealthEndpoints>();
        app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
        app.MapGet("/livez", HealthEndpoints.Live);
        app.MapGet("/readyz", health.Ready);
    }
}
