using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing.Patterns;
using Orleans.Dashboard;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// The Orleans Dashboard at <c>/dashboard</c>. It is put together at the first visit: it unpacks 70 MB of assets, which nobody should pay
/// for who does not look. What shows the inside of grains, and the log, stays closed.
/// </summary>
internal sealed class ClusterDashboard
{
    public const string Path = "/dashboard";

    /// <summary>These routes reflect over grains or stream the log.</summary>
    private static readonly string[] Closed = ["GrainState", "Trace"];

    private readonly Lazy<RequestDelegate> _dashboard;

    public ClusterDashboard(IServiceProvider services) => _dashboard = new Lazy<RequestDelegate>(() => Build(services));

    public Task Serve(HttpContext context)
    {
        // The endpoint that led here is ours; the dashboard finds its own.
        context.SetEndpoint(null);
        context.Features.Get<IRouteValuesFeature>()?.RouteValues.Clear();
        return _dashboard.Value(context);
    }

    private static RequestDelegate Build(IServiceProvider services)
    {
        var app = new ApplicationBuilder(services);
        app.UseRouting();
        app.UseEndpoints(endpoints => ((IEndpointConventionBuilder)endpoints.MapOrleansDashboard(Path)).Finally(Close));
        app.Run(context => AdminReply.Error(context, StatusCodes.Status404NotFound, "the dashboard has no such page"));
        return app.Build();
    }

    private static void Close(EndpointBuilder endpoint)
    {
        if (endpoint is RouteEndpointBuilder { RoutePattern.PathSegments: var segments }
            && segments.Any(segment =>
                segment.Parts is [RoutePatternLiteralPart literal] && Closed.Contains(literal.Content, StringComparer.OrdinalIgnoreCase)))
        {
            endpoint.RequestDelegate = context =>
                AdminReply.Error(context, StatusCodes.Status403Forbidden, "the inside of grains and the log are not shown");
        }
    }
}
