using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Operations;

/// <summary>
/// Keeps the last two reports of every process, and the last hour of tenants and upstreams. Nothing depends on it: when it moves, the page
/// is empty for four seconds, and the hour begins anew, which is said.
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
        var now = time.GetUtcNow();
        ForgetGone(now);
        if (_processes.TryGetValue(report.Id, out var known))
        {
            _activity.Count(known.Report, report);
        }

        _processes[report.Id] = known is null ? new Seen(report, now, null, now) : new Seen(report, now, known.Report, known.At);
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
        ForgetGone(time.GetUtcNow());
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
        var now = time.GetUtcNow();
        ForgetGone(now);
        return new(new OperationsView
        {
            Tenants =
            [
                .. _processes.Values.Where(process => now - process.At <= Silent).SelectMany(Rates).GroupBy(rates => rates.Tenant)
                    .OrderBy(group => group.Key, StringComparer.Ordinal)
                    .Select(group => new TenantRates(
                        group.Key, group.Sum(each => each.Requests), group.Sum(each => each.Refused), group.Sum(each => each.Errors))),
            ],
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

    private void ForgetGone(DateTimeOffset now)
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

    private static IEnumerable<TenantRates> Rates(Seen process)
    {
        var seconds = (process.At - process.BeforeAt).TotalSeconds;
        var known = process.Before?.Tenants.ToDictionary(tenant => tenant.Tenant) ?? [];
        foreach (var tenant in process.Report.Tenants)
        {
            var before = known.GetValueOrDefault(tenant.Tenant);
            yield return seconds <= 0
                ? new TenantRates(tenant.Tenant, 0, 0, 0)
                : new TenantRates(
                    tenant.Tenant,
                    (tenant.Requests - (before?.Requests ?? 0)) / seconds,
                    (tenant.Refused - (before?.Refused ?? 0)) / seconds,
                    (tenant.Errors - (before?.Errors ?? 0)) / seconds);
        }
    }

    private sealed record Seen(ProcessReport Report, DateTimeOffset At, ProcessReport? Before, DateTimeOffset BeforeAt);
}
