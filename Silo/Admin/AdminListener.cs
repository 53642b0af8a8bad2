using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Health;

namespace RegistryProxy.Silo.Admin;

/// <summary>The admin listener: probes for everybody, the rest for operators.</summary>
public static class AdminListener
{
    /// <summary>Registers what the endpoints need.</summary>
    public static void AddAdmin(this IServiceCollection services, HostStart start) => services
        .AddSingleton(new AdminGate(start.Source, start.Admin.IsLoopback))
        .AddSingleton<IReadiness, SiloReadiness>()
        .AddSingleton<UpstreamEndpoints>()
        .AddSingleton<CacheEndpoint>()
        .AddSingleton<SessionEndpoints>()
        .AddSingleton<AttestationEndpoints>()
        .AddSingleton<ExplainEndpoint>();

    /// <summary>Serves everything that reaches this branch as the admin listener.</summary>
    public static void RunAdmin(this IApplicationBuilder app)
    {
        var gate = app.ApplicationServices.GetRequiredService<AdminGate>();
        app.UseRouting();
        app.Use(async (context, next) =>
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<ProbeMark>() is null && gate.Refuse(context.Request) is { } refusal)
            {
                await AdminReply.Error(context, refusal.Status, refusal.Message);
                return;
            }

            await next(context);
        });
        app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
        app.UseEndpoints(Map);
        app.Run(context => AdminReply.Error(context, StatusCodes.Status404NotFound, "there is nothing here; see /admin/upstreams, /admin/cache, /admin/sessions, /admin/explain, /metrics"));
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        var services = endpoints.ServiceProvider;
        var health = services.GetRequiredService<HealthEndpoints>();
        var sessions = services.GetRequiredService<SessionEndpoints>();
        endpoints.MapGet("/livez", HealthEndpoints.Live).WithMetadata(new ProbeMark());
        endpoints.MapGet("/readyz", health.Ready).WithMetadata(new ProbeMark());
        endpoints.MapGet("/admin/upstreams", services.GetRequiredService<UpstreamEndpoints>().List);
        endpoints.MapGet("/admin/cache", services.GetRequiredService<CacheEndpoint>().List);
        endpoints.MapGet("/admin/sessions", sessions.List);
        endpoints.MapPost("/admin/sessions/revoke", sessions.Revoke);
        endpoints.MapPost("/admin/attestations/reset", services.GetRequiredService<AttestationEndpoints>().Reset);
        endpoints.MapGet("/admin/explain", services.GetRequiredService<ExplainEndpoint>().Explain);
    }

    /// <summary>Marks endpoints that answer to everybody.</summary>
    private sealed record ProbeMark;
}
