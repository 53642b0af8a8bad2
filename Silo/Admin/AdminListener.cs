using RegistryProxy.ServiceDefaults.Admin;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Health;
using RegistryProxy.ServiceDefaults.Requests;
using RegistryProxy.Silo.Admin.Operations;
using RegistryProxy.Silo.Admin.Replies;
using RegistryProxy.Silo.Clustering;

namespace RegistryProxy.Silo.Admin;

/// <summary>The admin listener: probes for everybody, the rest for operators.</summary>
public static partial class AdminListener
{
    /// <summary>Registers what the endpoints need.</summary>
    public static void AddAdmin(this IServiceCollection services, HostStart start) => services
        .AddSingleton<AdminToken>()
        .AddSingleton<AdminGuesses>()
        .AddSingleton<AdminRefusals>()
        .AddHostedService(services => services.GetRequiredService<AdminRefusals>())
        .AddSingleton(provider => ActivatorUtilities.CreateInstance<AdminGate>(provider, start.Admin.IsLoopback))
        .AddSingleton<LoginForm>()
        .AddSingleton<ClusterDashboard>()
        .AddSingleton<OverviewEndpoint>()
        .AddSingleton<ConfigurationSight>()
        .AddSingleton<SiloDeaths>()
        .AddSingleton<SummaryEndpoint>()
        .AddSingleton<TenantEndpoints>()
        .AddSingleton<HistoryEndpoint>()
        .AddHostedService<SiloReporter>()
        .AddSingleton<IReadiness, SiloReadiness>()
        .AddSingleton<UpstreamEndpoints>()
        .AddSingleton<CacheEndpoint>()
        .AddSingleton<SessionEndpoints>()
        .AddSingleton<RobotEndpoints>()
        .AddSingleton<TenantRemoval>()
        .AddSingleton<ReportEndpoints>()
        .AddSingleton<ConfigurationEndpoints>()
        .AddSingleton<AttestationEndpoints>()
        .AddSingleton<AcceptEndpoint>()
        .AddSingleton<ExplainEndpoint>();

    /// <summary>Serves everything that reaches this branch as the admin listener.</summary>
    public static void RunAdmin(this IApplicationBuilder app)
    {
        var gate = app.ApplicationServices.GetRequiredService<AdminGate>();
        var form = app.ApplicationServices.GetRequiredService<LoginForm>();
        app.UseRequestRules((context, reason) => AdminReply.Error(context, StatusCodes.Status400BadRequest, reason));
        app.UseRouting();
        app.Use(async (context, next) =>
        {
            if (await Refuse(context, gate) is not { } refusal)
            {
                await Run(context, next);
            }
            else if (refusal.Status == StatusCodes.Status401Unauthorized && IsBrowser(context.Request))
            {
                form.Redirect(context);
            }
            else
            {
                refusal.SetHeaders(context.Response);
                await AdminReply.Error(context, refusal.Status, refusal.Message);
            }
        });
        app.UseOpenTelemetryPrometheusScrapingEndpoint("/metrics");
        app.UseEndpoints(Map);
        var nothing = $"there is nothing here; see {string.Join(", ", Shown(app))}";
        app.Run(context => AdminReply.Error(context, StatusCodes.Status404NotFound, nothing));
    }

    /// <summary>Addresses that can be read as they are.</summary>
    private static IEnumerable<string> Shown(IApplicationBuilder app) =>
    [
        .. app.ApplicationServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<OpenMark>() is null
                && endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Get) == true)
            .Select(endpoint => endpoint.RoutePattern.RawText!)
            .Where(path => !path.Contains('{') && !path.StartsWith("/assets/", StringComparison.Ordinal)),
        ClusterDashboard.Path, "/metrics",
    ];

    private static async ValueTask<AdminRefusal?> Refuse(HttpContext context, AdminGate gate) =>
        context.GetEndpoint()?.Metadata.GetMetadata<OpenMark>() switch
        {
            { IsProbe: true } => null,
            { IsProbe: false } => gate.RefuseOrigin(context),
            null => await gate.Refuse(context),
        };

    private static bool IsBrowser(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>What the cluster or its storage cannot do now is 503, and nothing was changed.</summary>
    private static async Task Run(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
        {
            RequestRules.EndConnection(context);
            await AdminReply.Error(
                context, bad.StatusCode, bad is UnreadableBodyException ? bad.Message : "the request could not be read");
        }
        catch (Exception fault) when (fault is not OperationCanceledException && !context.Response.HasStarted)
        {
            LogUnanswered(context.RequestServices.GetRequiredService<ILogger<AdminGate>>(), fault);
            context.Response.Headers.RetryAfter = "5";
            await AdminReply.Error(context, StatusCodes.Status503ServiceUnavailable,
                "the cluster or its state storage is unavailable; try again; the log has details");
        }
    }

    private static void Map(IEndpointRouteBuilder endpoints)
    {
        var services = endpoints.ServiceProvider;
        var health = services.GetRequiredService<HealthEndpoints>();
        var sessions = services.GetRequiredService<SessionEndpoints>();
        endpoints.MapGet("/livez", HealthEndpoints.Live).WithMetadata(new OpenMark(IsProbe: true));
        endpoints.MapGet("/readyz", health.Ready).WithMetadata(new OpenMark(IsProbe: true));
        var form = services.GetRequiredService<LoginForm>();
        endpoints.MapGet(LoginForm.Path, form.Show).WithMetadata(new OpenMark(IsProbe: false));
        endpoints.MapPost(LoginForm.Path, form.Submit).WithMetadata(new OpenMark(IsProbe: false));
        MapPage(endpoints);
        endpoints.MapGet(ClusterDashboard.Path + "/{**path}", services.GetRequiredService<ClusterDashboard>().Serve);
        MapOperations(endpoints, services);
        endpoints.MapGet("/admin/sessions", sessions.List);
        endpoints.MapPost("/admin/sessions/revoke", sessions.Revoke);
        endpoints.MapGet("/admin/usage", services.GetRequiredService<ReportEndpoints>().Usage);
        endpoints.MapGet("/admin/audit", services.GetRequiredService<ReportEndpoints>().Audit);
        MapConfiguration(endpoints, services.GetRequiredService<ConfigurationEndpoints>());
        MapRobots(endpoints, services.GetRequiredService<RobotEndpoints>());
        endpoints.MapPost("/admin/attestations/reset", services.GetRequiredService<AttestationEndpoints>().Reset);
        endpoints.MapPost("/admin/configuration/accept", services.GetRequiredService<AcceptEndpoint>().Accept);
        endpoints.MapGet("/admin/explain", services.GetRequiredService<ExplainEndpoint>().Explain);
    }

    private static void MapPage(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/", AdminPages.Overview);
        foreach (var name in AdminPages.Assets)
        {
            var asset = endpoints.MapGet($"/assets/{name}", AdminPages.Asset(name));
            if (AdminPages.OpenAssets.Contains(name))
            {
                asset.WithMetadata(new OpenMark(IsProbe: false));
            }
        }
    }

    private static void MapOperations(IEndpointRouteBuilder endpoints, IServiceProvider services)
    {
        var (tenants, history) = (services.GetRequiredService<TenantEndpoints>(), services.GetRequiredService<HistoryEndpoint>());
        endpoints.MapGet("/admin/overview", services.GetRequiredService<OverviewEndpoint>().Describe);
        endpoints.MapGet("/admin/summary", services.GetRequiredService<SummaryEndpoint>().Describe);
        endpoints.MapGet("/admin/tenants", tenants.List);
        endpoints.MapGet("/admin/tenants/{name}", tenants.Describe);
        endpoints.MapDelete("/admin/tenants/{name}", services.GetRequiredService<TenantRemoval>().Remove);
        endpoints.MapGet("/admin/history", history.Describe);
        endpoints.MapGet("/admin/upstreams", services.GetRequiredService<UpstreamEndpoints>().List);
        endpoints.MapGet("/admin/upstreams/activity", history.Upstreams);
        endpoints.MapGet("/admin/cache", services.GetRequiredService<CacheEndpoint>().List);
    }

    private static void MapConfiguration(IEndpointRouteBuilder endpoints, ConfigurationEndpoints configuration)
    {
        endpoints.MapGet("/admin/configuration", configuration.At("configuration"));
        endpoints.MapPut("/admin/configuration", configuration.At("configuration"));
        endpoints.MapGet("/admin/configuration/history", configuration.At("configuration/history"));
        endpoints.MapPost("/admin/configuration/rollback", configuration.At("configuration/rollback"));
    }

    private static void MapRobots(IEndpointRouteBuilder endpoints, RobotEndpoints robots)
    {
        endpoints.MapGet("/admin/robots", robots.List);
        endpoints.MapPost("/admin/robots", robots.Create);
        endpoints.MapPost("/admin/robots/rotate", robots.Rotate);
        endpoints.MapPost("/admin/robots/{name}/rotate", robots.Rotate);
        endpoints.MapDelete("/admin/robots", robots.Revoke);
        endpoints.MapDelete("/admin/robots/{name}", robots.Revoke);
        endpoints.MapDelete("/admin/robots/{name}/secrets/{secret}", robots.EndSecret);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "An admin request failed")]
    private static partial void LogUnanswered(ILogger logger, Exception fault);

    /// <summary>
    /// Marks endpoints that answer without a login: probes to everybody, the login form to everybody but pages of other sites.
    /// </summary>
    private sealed record OpenMark(bool IsProbe);
}
