using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.ServiceDefaults;
using RegistryProxy.ServiceDefaults.Admin;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Draining;
using RegistryProxy.ServiceDefaults.Health;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Requests;

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
        builder.Services.AddSingleton<AdminToken>().AddSingleton<AdminGuesses>().AddSingleton<AdminRefusals>()
            .AddHostedService(services => services.GetRequiredService<AdminRefusals>());
        var app = builder.Build();
        app.MapWhen(context => ListenerFeature.Is(context, ListenerKind.Data), RunData);
        app.MapPeers();
        RunProbes(app, start.Admin.IsLoopback);
        app.AnnounceListeners(ListenerKind.Data, ListenerKind.Admin, ListenerKind.Peer);
        return app.RunUntilTold();
    }

    /// <summary>What a gateway takes from its own configuration file.</summary>
    public static GatewayOptions OptionsOf(FrontDoorConfiguration configuration) => new()
    {
        MaxStale = configuration.Cluster.MaxStale,
        Cache = configuration.Cache,
        Peers = configuration.Listen.Peer is null ? null
            : new PeerOptions(configuration.Cluster.Tls!, SiloAddressing.Advertised(configuration.Cluster)),
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

    /// <summary>
    /// Probes are for everybody; metrics, as on silos, for who has the admin token where the listener is not on loopback.
    /// </summary>
    private static void RunProbes(WebApplication app, bool isLoopback)
    {
        var health = app.Services.GetRequiredService<HealthEndpoints>();
        var gate = ActivatorUtilities.CreateInstance<AdminGate>(app.Services, isLoopback);
        app.UseRequestRules((context, reason) => Refuse(context, StatusCodes.Status400BadRequest, reason));
        app.UseRouting();
        app.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<ProbeMark>() is not null || await gate.Refuse(context) is not { } refusal)
            {
                await next(context);
                return;
            }

            refusal.SetHeaders(context.Response);
            await Refuse(context, refusal.Status, refusal.Message);
        });
        app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
        app.MapGet("/livez", HealthEndpoints.Live).WithMetadata(new ProbeMark());
        app.MapGet("/readyz", health.Ready).WithMetadata(new ProbeMark());
    }

    private static Task Refuse(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(message + "\n", context.RequestAborted);
    }

    private sealed record ProbeMark;
}
