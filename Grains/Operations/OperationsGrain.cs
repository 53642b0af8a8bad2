using System.Runtime.InteropServices;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Operations;

/// <summary>
/// Keeps the last report of every process, and the last hour of tenants and upstreams. Nothing depends on it: when it moves, the page
/// is empty for four seconds, and the hour begins anew, which is said.
/// </summary>
[GrainType("operations")]
internal sealed class OperationsGrain(TimeProvider time) : Grain, IOperationsGrain
{
    private const int MaxRepositories = 20;

    private readonly ProcessBook _processes = new(time);
    private readonly ActivityBook _activity = new(time);

    public ValueTask Report(ProcessReport report)
    {
        if (_processes.TryTake(report, out var before, out var isReturned) && before is not null)
        {
            _activity.Count(before, report);
        }
        else if (isReturned)
        {
            _activity.BeginAnew();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask Leave(string id)
    {
        _processes.Leave(id);
        return ValueTask.CompletedTask;
    }

    public ValueTask<ActivityView> Activity(ActivityKind kind, CancellationToken cancellation = default) => new(_activity.Describe(kind));

    public ValueTask<IReadOnlyList<ActivityHistory>> History(
        ActivityKind kind, IReadOnlyList<string> names, int points, CancellationToken cancellation = default) =>
        points is < 1 or > ActivityRing.Steps || ActivityRing.Steps % points != 0
            ? throw new ArgumentOutOfRangeException(nameof(points), points, "360 must be a multiple of it")
            : new(_activity.Histories(kind, names, points));

    public async ValueTask<TenantDetail> Tenant(string tenant, CancellationToken cancellation = default)
    {
        var gateways = _processes.Reporting.Select(process => process.Report).Where(report => report.Kind != "silo").ToList();
        var traffic = gateways.SelectMany(report => report.Tenants).Where(one => one.Tenant == tenant).ToList();
        var pulls = await Repositories(tenant);
        return new TenantDetail
        {
            Streams = traffic.Sum(one => one.Streams),
            Rates = Sum(_processes.Busy.SelectMany(process => process.Rates).Where(rates => rates.Tenant == tenant))
                .GetValueOrDefault(tenant),
            Refusals =
            [
                .. traffic.SelectMany(one => one.Refusals).GroupBy(refusal => refusal.Reason)
                    .Select(group => new ReasonCount(group.Key, group.Sum(refusal => refusal.Count)))
                    .OrderByDescending(refusal => refusal.Count),
            ],
            Repositories = pulls.Repositories,
            IsPartial = pulls.IsPartial,
            Since = gateways.Count == 0 ? null : gateways.Min(report => report.Started),
        };
    }

    public ValueTask<OperationsView> Describe(CancellationToken cancellation = default) => new(new OperationsView
    {
        Tenants =
        [
            .. Sum(_processes.Busy.SelectMany(process => process.Rates)).Values.OrderBy(rates => rates.Tenant, StringComparer.Ordinal),
        ],
        Repositories = [.. TopRepositories(_processes.Reporting.Select(process => process.Report))],
        Processes = _processes.Describe(),
    });

    /// <summary>Reports have only the most pulled of all tenants: those of one are asked for.</summary>
    private async ValueTask<GatheredPulls> Repositories(string tenant)
    {
        try
        {
            return await GrainFactory.GetGrain<IAuditGatheringGrain>(0).Repositories(tenant);
        }
        catch (Exception)
        {
            // The rest of the page is worth showing, and says that these are lacking.
            return new GatheredPulls(true, []);
        }
    }

    private static IEnumerable<RepositoryPulls> TopRepositories(
        IEnumerable<ProcessReport> reports) => reports
        .SelectMany(report => report.Repositories).GroupBy(pulls => (pulls.Tenant, pulls.Repository))
        .Select(group => new RepositoryPulls(group.Key.Tenant, group.Key.Repository, group.Sum(pulls => pulls.Pulls)))
        .OrderByDescending(pulls => pulls.Pulls).Take(MaxRepositories);

    /// <summary>What all processes that are not silent do for each tenant.</summary>
    private static Dictionary<string, TenantRates> Sum(IEnumerable<TenantRates> all)
    {
        Dictionary<string, TenantRates> sums = [];
        foreach (var rates in all)
        {
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, rates.Tenant, out _);
            sum = sum is null ? rates
                : new TenantRates(rates.Tenant, sum.Requests + rates.Requests, sum.Refused + rates.Refused, sum.Errors + rates.Errors);
        }

        return sums;
    }
}
