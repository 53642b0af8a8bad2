using System.Runtime.InteropServices;
using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Operations;

/// <summary>
/// Keeps the last report of every process with its rates since the one before, and the last hour of tenants and upstreams. Nothing depends
/// on it: when it moves, the page is empty for four seconds, and the hour begins anew, which is said.
/// </summary>
[GrainType("operations")]
internal sealed class OperationsGrain(TimeProvider time) : Grain, IOperationsGrain
{
    private const int MaxRepositories = 20;

    /// <summary>A process that is silent for so long has gone.</summary>
    private static readonly TimeSpan Gone = TimeSpan.FromMinutes(1);

    /// <summary>A process that is silent for so long does nothing now, as far as anybody knows.</summary>
    private static readonly TimeSpan Silent = TimeSpan.FromSeconds(6);

    private readonly Dictionary<string, Seen> _processes = [];
    private readonly ActivityBook _activity = new(time);

    public ValueTask Report(ProcessReport report)
    {
        var now = time.GetSteadyNow();
        ForgetGone(now);
        if (_processes.TryGetValue(report.Id, out var known))
        {
            _activity.Count(known.Report, report);
        }

        _processes[report.Id] = new Seen(report, now, Rates(report, known, now));
        return ValueTask.CompletedTask;
    }

    public ValueTask<ActivityView> Activity(ActivityKind kind, CancellationToken cancellation = default) => new(_activity.Describe(kind));

    public ValueTask<IReadOnlyList<ActivityHistory>> History(
        ActivityKind kind, IReadOnlyList<string> names, int points, CancellationToken cancellation = default) =>
        points is < 1 or > ActivityRing.Steps || ActivityRing.Steps % points != 0
            ? throw new ArgumentOutOfRangeException(nameof(points), points, "360 must be a multiple of it")
            : new(_activity.Histories(kind, names, points));

    public ValueTask<TenantDetail> Tenant(string tenant, CancellationToken cancellation = default)
    {
        ForgetGone(time.GetSteadyNow());
        var gateways = _processes.Values.Select(process => process.Report).Where(report => report.Kind != "silo").ToList();
        var traffic = gateways.SelectMany(report => report.Tenants).Where(one => one.Tenant == tenant).ToList();
        return new(new TenantDetail
        {
            Streams = traffic.Sum(one => one.Streams),
            Refusals =
            [
                .. traffic.SelectMany(one => one.Refusals).GroupBy(refusal => refusal.Reason)
                    .Select(group => new ReasonCount(group.Key, group.Sum(refusal => refusal.Count)))
                    .OrderByDescending(refusal => refusal.Count),
            ],
            Repositories = [.. TopRepositories(gateways, pulls => pulls.Tenant == tenant)],
            Since = gateways.Count == 0 ? null : gateways.Min(report => report.Started),
        });
    }

    public ValueTask<OperationsView> Describe(CancellationToken cancellation = default)
    {
        var now = time.GetSteadyNow();
        ForgetGone(now);
        return new(new OperationsView
        {
            Tenants = [.. Sum(now).Values.OrderBy(rates => rates.Tenant, StringComparer.Ordinal)],
            Repositories = [.. TopRepositories(_processes.Values.Select(process => process.Report), _ => true)],
            Processes =
            [
                .. _processes.Values.OrderBy(process => process.Report.Kind, StringComparer.Ordinal)
                    .ThenBy(process => process.Report.Host, StringComparer.Ordinal)
                    .Select(process => new ProcessStatus(
                        process.Report.Kind, process.Report.Host, process.Report.Version, process.Report.Started,
                        process.Report.Configuration,
                        (int)(now - process.At).TotalSeconds)),
            ],
        });
    }

    private void ForgetGone(TimeSpan now)
    {
        foreach (var id in _processes.Where(process => now - process.Value.At > Gone).Select(process => process.Key).ToList())
        {
            _processes.Remove(id);
        }
    }

    private static IEnumerable<RepositoryPulls> TopRepositories(
        IEnumerable<ProcessReport> reports, Func<RepositoryPulls, bool> isWanted) => reports
        .SelectMany(report => report.Repositories).Where(isWanted).GroupBy(pulls => (pulls.Tenant, pulls.Repository))
        .Select(group => new RepositoryPulls(group.Key.Tenant, group.Key.Repository, group.Sum(pulls => pulls.Pulls)))
        .OrderByDescending(pulls => pulls.Pulls).Take(MaxRepositories);

    /// <summary>What all processes that are not silent do for each tenant.</summary>
    private Dictionary<string, TenantRates> Sum(TimeSpan now)
    {
        Dictionary<string, TenantRates> sums = [];
        foreach (var rates in _processes.Values.Where(process => now - process.At <= Silent).SelectMany(process => process.Rates))
        {
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, rates.Tenant, out _);
            sum = sum is null ? rates
                : new TenantRates(rates.Tenant, sum.Requests + rates.Requests, sum.Refused + rates.Refused, sum.Errors + rates.Errors);
        }

        return sums;
    }

    /// <summary>Nothing as long as there is no other report to compare it with.</summary>
    private static List<TenantRates> Rates(ProcessReport report, Seen? known, TimeSpan now)
    {
        Dictionary<string, TenantTraffic> before = [];
        foreach (var tenant in known?.Report.Tenants ?? [])
        {
            before[tenant.Tenant] = tenant;
        }

        var each = known is null || known.At == now ? 0 : 1 / (now - known.At).TotalSeconds;
        return
        [
            .. report.Tenants.Select(tenant => (Now: tenant, Before: before.GetValueOrDefault(tenant.Tenant)))
                .Select(tenant => new TenantRates(
                    tenant.Now.Tenant,
                    each * (tenant.Now.Requests - (tenant.Before?.Requests ?? 0)),
                    each * (tenant.Now.Refused - (tenant.Before?.Refused ?? 0)),
                    each * (tenant.Now.Errors - (tenant.Before?.Errors ?? 0)))),
        ];
    }

    private sealed record Seen(ProcessReport Report, TimeSpan At, List<TenantRates> Rates);
}
