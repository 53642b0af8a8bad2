using RegistryProxy.Gateway;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.ServiceDefaults;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Draining;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Silo.Admin;
using RegistryProxy.Silo.Clustering;

namespace RegistryProxy.Standalone;

/// <summary>The whole front door in one process: a gateway, an embedded silo, both listeners.</summary>
public static class StandaloneApp
{
    public static Task Run(HostStart start)
    {
        var configuration = start.Source.Current.Configuration;
        var builder = HostBuilding.CreateBuilder(start);
        builder.AddFileSending(configuration);
        builder.AddListeners(start, ListenerKind.Data, ListenerKind.Admin, ListenerKind.Peer);
        builder.AddEmbeddedSilo(start);
        builder.Services.AddRouting();
        builder.Services.AddGateway(GatewayApp.OptionsOf(configuration));
        builder.Services.AddAdmin(start);
        var app = builder.Build();
        app.MapWhen(context => ListenerFeature.Is(context, ListenerKind.Data), data => data.RunGateway());
        app.MapWhen(context => ListenerFeature.Is(context, ListenerKind.Admin), admin => admin.RunAdmin());
        app.MapPeers();
        app.AnnounceListeners(ListenerKind.Data, ListenerKind.Admin, ListenerKind.Peer);
        return app.RunUntilTold();
    }
}
