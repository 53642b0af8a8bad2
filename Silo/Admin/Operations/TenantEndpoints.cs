using System.Globalization;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary><c>GET /admin/tenants</c> and <c>GET /admin/tenants/{name}</c>: what tenants do, and what one of them is.</summary>
internal sealed class TenantEndpoints(IGrainFactory grains, IConfigurationFeed configuration, ConfigurationSight sight)
{
    /// <summary>How many rows there are, listed or not.</summary>
    private const string TotalHeader = "X-Total-Count";

    private const int RowPoints = 30;
    private const int PagePoints = 60;

    private static readonly string[] Sorts = ["name", "requests", "refused", "errors", "pulls", "sent", "received", "state"];

    public async Task List(HttpContext context)
    {
        if (!ListQuery.TryRead(context.Request.Query, Sorts, out var query, out var problem))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        var rows = Sorted(Found(await Rows(context.RequestAborted), query.Search), query);
        context.Response.Headers[TotalHeader] = rows.Count.ToString(CultureInfo.InvariantCulture);
        var page = rows.Skip(query.Offset).Take(query.Limit).ToList();
        var histories = await grains.GetGrain<IOperationsGrain>(0)
            .History(ActivityKind.Tenant, [.. page.Select(row => row.Name)], RowPoints, context.RequestAborted);
        var width = HourOfActivity.Numbers(ActivityKind.Tenant).Count;
        await AdminReply.Json(
            context,
            [.. page.Zip(histories, (row, history) => row with { Requests = [.. history.Points.Where((_, i) => i % width == 0)] })],
            OperationsJson.Default.TenantRowArray);
    }

    public async Task Describe(HttpContext context)
    {
        var name = context.Request.RouteValues["name"] as string ?? "";
        if (await AdminReply.IsUnknown(context, configuration, name))
        {
            return;
        }

        var operations = grains.GetGrain<IOperationsGrain>(0);
        var detail = await operations.Tenant(name, context.RequestAborted);
        var history = await operations.History(ActivityKind.Tenant, [name], PagePoints, context.RequestAborted);
        var row = (await Rows(context.RequestAborted)).First(row => row.Name == name);
        var hour = HourOfActivity.Of(ActivityKind.Tenant, history[0]);
        await AdminReply.Json(
            context, TenantPage.Of(configuration.Current, row, detail, hour, sight.Of(name)), OperationsJson.Default.TenantPage);
    }

    private async Task<IEnumerable<TenantRow>> Rows(CancellationToken cancellation)
    {
        var activity = await grains.GetGrain<IOperationsGrain>(0).Activity(ActivityKind.Tenant, cancellation);
        var known = activity.Items.ToDictionary(item => item.Name);
        var tenants = configuration.Current.Configuration.Tenants;
        var errors = sight.Counts(tenants.Keys);
        return tenants.Values.Select(
            tenant => TenantRow.Of(tenant, known.GetValueOrDefault(tenant.Name), errors.GetValueOrDefault(tenant.Name)));
    }

    private static IEnumerable<TenantRow> Found(IEnumerable<TenantRow> rows, string search) => rows.Where(row =>
        row.Name.Contains(search, StringComparison.OrdinalIgnoreCase)
        || row.Hosts.Any(host => host.Contains(search, StringComparison.OrdinalIgnoreCase)));

    private static List<TenantRow> Sorted(IEnumerable<TenantRow> rows, ListQuery query)
    {
        var byName = rows.OrderBy(row => row.Name, StringComparer.Ordinal);
        if (query.Sort == Sorts[0])
        {
            return query.IsDescending ? [.. byName.Reverse()] : [.. byName];
        }

        return query.IsDescending
            ? [.. byName.OrderByDescending(row => NumberOf(row, query.Sort))] : [.. byName.OrderBy(row => NumberOf(row, query.Sort))];
    }

    private static double NumberOf(TenantRow row, string sort) => sort switch
    {
        "requests" => row.LastHour.Requests,
        "refused" => row.LastHour.Refused,
        "errors" => row.LastHour.Errors,
        "pulls" => row.LastHour.Pulls,
        "sent" => row.LastHour.Sent,
        "state" => row.Trouble,
        _ => row.LastHour.Received,
    };
}
