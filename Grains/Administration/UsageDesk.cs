using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>GET /admin/usage</c> and <c>GET /admin/history</c>: what this tenant does now, what it may, and what it or an upstream of its own did
/// in the last hour.
/// </summary>
internal sealed class UsageDesk(IGrainFactory grains, IConfigurationFeed configuration)
{
    /// <summary>Points of an hour: one for each minute.</summary>
    private const int Points = 60;

    public async ValueTask<AdministrationReply> Describe(AdministrationCall call)
    {
        if (call.Fields() is null)
        {
            return AdministrationAnswer.Unreadable("what is used here is used by this tenant");
        }

        var now = await grains.GetGrain<IOperationsGrain>(0).Tenant(call.Tenant);
        var sessions = await grains.GetGrain<ITenantSessionsGrain>(call.Tenant).List(1);
        var robots = await grains.GetGrain<IRobotsGrain>(call.Tenant).List();
        var limits = configuration.Current.Configuration.Tenants.GetValueOrDefault(call.Tenant)?.Limits;
        return AdministrationAnswer.Good(
            new TenantUsage(
                now.Rates?.Requests ?? 0, now.Rates?.Refused ?? 0, now.Rates?.Errors ?? 0, sessions.Total, robots.Count,
                now.Repositories.ToDictionary(one => one.Repository, one => one.Pulls),
                new TenantLimits(limits?.RequestsPerSecond, limits?.BytesPerSecond, limits?.ConcurrentStreams))
            {
                Refusals = now.Refusals, Transfers = now.Streams, CountedSince = now.Since,
                IsPartial = now.IsPartial || now.Since is null,
            },
            AdministrationJson.Default.TenantUsage);
    }

    public async ValueTask<AdministrationReply> History(AdministrationCall call)
    {
        var upstream = call.Fields()!.GetValueOrDefault("upstream");
        if (upstream is not null && !IsOwn(call.Tenant, upstream))
        {
            return AdministrationAnswer.Error(
                404, "this tenant defines no such upstream; the numbers of a shared one are of all who use it, and its operator's");
        }

        var kind = upstream is null ? ActivityKind.Tenant : ActivityKind.Upstream;
        var history = await grains.GetGrain<IOperationsGrain>(0).History(kind, [upstream ?? call.Tenant], Points);
        return AdministrationAnswer.Good(HourOfActivity.Of(kind, history[0]), AdministrationJson.Default.HourOfActivity);
    }

    private bool IsOwn(string tenant, string upstream) => upstream.StartsWith($"{tenant}/", StringComparison.Ordinal)
        && configuration.Current.Configuration.Upstreams.ContainsKey(upstream);
}

/// <summary>What a tenant uses.</summary>
/// <param name="RequestsPerSecond">Over all gateways, between their last two reports, which are two seconds apart.</param>
/// <param name="RefusedPerSecond">401, 403 and 429 among them.</param>
/// <param name="ErrorsPerSecond">5xx among them.</param>
/// <param name="Sessions">How many are open.</param>
/// <param name="Robots">How many there are, those included that ended in the last 30 days.</param>
/// <param name="Pulls">Its most pulled repositories with their pulls since the gateways started; of those that answer.</param>
/// <param name="Limits">What its operator allows it; <c>null</c> for no limit.</param>
internal sealed record TenantUsage(
    double RequestsPerSecond, double RefusedPerSecond, double ErrorsPerSecond, int Sessions, int Robots,
    IReadOnlyDictionary<string, long> Pulls, TenantLimits Limits)
{
    /// <summary>Refusals by reason since the gateways started, the most frequent first.</summary>
    public IReadOnlyList<ReasonCount> Refusals { get; init; } = [];

    /// <summary>Transfers that run now, where the tenant has a limit for them.</summary>
    public int Transfers { get; init; }

    /// <summary>When the first of the gateways started; <c>null</c> when none runs.</summary>
    public DateTimeOffset? CountedSince { get; init; }

    /// <summary>
    /// Whether <see cref="Pulls"/> of some gateway may be missing; also while no gateway has said what it does, so that the rates are of
    /// none.
    /// </summary>
    public bool IsPartial { get; init; }
}

/// <summary>What a tenant may use of the whole cluster.</summary>
internal sealed record TenantLimits(long? RequestsPerSecond, long? BytesPerSecond, int? ConcurrentStreams);
