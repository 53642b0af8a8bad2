using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Health;
using RegistryProxy.Silo.Clustering;

namespace RegistryProxy.Silo.Admin;

/// <summary>The admin listener: probes for everybody, the rest for operators.</summary>
public static partial class AdminListener
{
    /// <summary>Registers what the endpoints need.</summary>
    public static void AddAdmin(this IServiceCollection services, HostStart start) => services
        .AddSingleton(new AdminGate(start.Source, start.Admin.IsLoopback))
        .AddSingleton<IReadiness, SiloReadiness>()
        .AddSingleton<UpstreamEndpoints>()
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

            await Run(context, next);
        });
        app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
        app.UseEndpoints(Map);
        app.Run(context => AdminReply.Error(context, StatusCodes.Status404NotFound, "there is nothing here; see /admin/upstreams, /admin/sessions, /admin/explain, /metrics"));
    }

    /// <summary>What the cluster or its storage cannot do now is 503, and nothing was changed.</summary>
    private static async Task Run(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception fault) when (fault is not OperationCanceledException && !context.Response.HasStarted)
        {
            LogUnanswered(context.RequestServices.GetRequiredService<ILogger<AdminGate>>(), fault);
            context.Response.Headers.RetryAfter = "5";
            await AdminReply.Error(context, StatusCodes.Status503ServiceUnavailable, "the cluster or the storage of its state cannot do this now; try again, the log has more");
        }
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        var services = endpoints.ServiceProvider;
        var health = services.GetRequiredService<HealthEndpoints>();
        var sessions = services.GetRequiredService<SessionEndpoints>();
        endpoints.MapGet("/livez", HealthEndpoints.Live).WithMetadata(new ProbeMark());
        endpoints.MapGet("/readyz", health.Ready).WithMetadata(new ProbeMark());
        endpoints.MapGet("/admin/upstreams", services.GetRequiredService<UpstreamEndpoints>().List);
        endpoints.MapGet("/admin/sessions", sessions.List);
        endpoints.MapPost("/admin/sessions/revoke", sessions.Revoke);
        endpoints.MapPost("/admin/attestations/reset", services.GetRequiredService<AttestationEndpoints>().Reset);
        endpoints.MapGet("/admin/explain", services.GetRequiredService<ExplainEndpoint>().Explain);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An operator could not be answered")]
    private static partial void LogUnanswered(ILogger logger, Exception fault);

    /// <summary>Marks endpoints that answer to everybody.</summary>
    private sealed record ProbeMark;
}
