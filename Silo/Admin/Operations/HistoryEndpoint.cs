using RegistryProxy.Configuration;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>
/// <c>GET /admin/history?tenant=T</c> or <c>?upstream=U</c>, with <c>points</c> (60 when nothing is said): the last hour of one;
/// <c>GET /admin/upstreams/activity</c>: that of every upstream in short.
/// </summary>
internal sealed class HistoryEndpoint(IGrainFactory grains, IConfigurationFeed configuration)
{
    private const int Usual = 60;
    private const int Finest = 360;

    public async Task Describe(HttpContext context)
    {
        var (tenant, upstream) = (context.Request.Query["tenant"].ToString(), context.Request.Query["upstream"].ToString());
        var points = Usual;
        if ((tenant.Length == 0) == (upstream.Length == 0)
            || !ListQuery.TryNumber(context.Request.Query, "points", 1, Finest, ref points) || Finest % points != 0)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest,
                "the query must be tenant=NAME or upstream=NAME, and may say points: 360, or a number that 360 can be divided by");
            return;
        }

        var kind = tenant.Length > 0 ? ActivityKind.Tenant : ActivityKind.Upstream;
        if (kind == ActivityKind.Tenant && await AdminReply.IsUnknown(context, configuration, tenant))
        {
            return;
        }

        if (kind == ActivityKind.Upstream && !configuration.Current.Configuration.Upstreams.ContainsKey(upstream))
        {
            await AdminReply.Error(context, StatusCodes.Status404NotFound, $"there is no upstream '{upstream}'");
            return;
        }

        var history = await grains.GetGrain<IOperationsGrain>(0).History(kind, [tenant + upstream], points, context.RequestAborted);
        await AdminReply.Json(context, HourOfActivity.Of(kind, history[0]), OperationsJson.Default.HourOfActivity);
    }

    public async Task Upstreams(HttpContext context)
    {
        var activity = await grains.GetGrain<IOperationsGrain>(0).Activity(ActivityKind.Upstream, context.RequestAborted);
        await AdminReply.Json(
            context,
            [.. activity.Items.Select(item => new UpstreamActivity(
                item.Name, UpstreamNumbers.Of(item.PerSecond), UpstreamNumbers.Of(item.LastHour)))],
            OperationsJson.Default.UpstreamActivityArray);
    }
}

/// <summary>
/// What an upstream was asked: counts, or counts per second. <c>Seconds</c> until the heads of its answers, or until there was none.
/// </summary>
internal sealed record UpstreamNumbers(double Requests, double Failures, double Refused, double Seconds)
{
    public static UpstreamNumbers Of(IReadOnlyList<double> numbers) => new(numbers[0], numbers[1], numbers[2], numbers[3]);
}

/// <summary>The last hour of an upstream in short.</summary>
internal sealed record UpstreamActivity(string Name, UpstreamNumbers PerSecond, UpstreamNumbers LastHour);
