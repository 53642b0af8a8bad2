using RegistryProxy.ServiceDefaults;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Draining;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Silo.Admin;
using RegistryProxy.Silo.Admin.Operations;
using RegistryProxy.Silo.Clustering;

namespace RegistryProxy.Silo;

/// <summary>A silo as a process of its own: grains and the admin listener.</summary>
public static class SiloApp
{
    public static Task Run(HostStart start)
    {
        var builder = HostBuilding.CreateBuilder(start);
        builder.AddListeners(start, ListenerKind.Admin);
        builder.AddSilo(start);
        builder.Services.AddRouting();
        builder.Services.AddAdmin(start);
        builder.Services.AddHostedService<SiloAuditLines>();
        var app = builder.Build();
        app.RunAdmin();
        app.AnnounceListeners(ListenerKind.Admin);
        return app.RunUntilTold();
    }
}
