using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;

namespace RegistryProxy.Grains.Administration;

/// <summary><c>GET /admin/usage</c>: what this tenant does now, and what it may.</summary>
internal sealed class UsageDesk(IGrainFactory grains, IConfigurationFeed configuration)
{
    public async ValueTask<AdministrationReply> Describe(AdministrationCall call)
    {
        if (call.Fields() is null)
        {
            return AdministrationAnswer.Unreadable("what is used here is used by this tenant");
        }

        var view = await grains.GetGrain<IOperationsGrain>(0).Describe();
        var rates = view.Tenants.FirstOrDefault(rates => rates.Tenant == call.Tenant);
        var pulls = await grains.GetGrain<IAuditGatheringGrain>(0).Repositories(call.Tenant);
        var sessions = await grains.GetGrain<ITenantSessionsGrain>(call.Tenant).List(1);
        var robots = await grains.GetGrain<IRobotsGrain>(call.Tenant).List();
        var limits = configuration.Current.Configuration.Tenants.GetValueOrDefault(call.Tenant)?.Limits;
        return AdministrationAnswer.Good(
            new TenantUsage(
                rates?.Requests ?? 0, rates?.Refused ?? 0, rates?.Errors ?? 0, sessions.Total, robots.Count,
                pulls.Repositories.ToDictionary(one => one.Repository, one => one.Pulls),
                new TenantLimits(limits?.RequestsPerSecond, limits?.BytesPerSecond, limits?.ConcurrentStreams)),
            AdministrationJson.Default.TenantUsage);
    }
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
    IReadOnlyDictionary<string, long> Pulls, TenantLimits Limits);

/// <summary>What a tenant may use of the whole cluster.</summary>
internal sealed record TenantLimits(long? RequestsPerSecond, long? BytesPerSecond, int? ConcurrentStreams);
