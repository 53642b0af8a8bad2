using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Operations;

/// <summary>
/// Keeps the last two reports of every process. Nothing depends on it: when it moves, the page is empty for four seconds.
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

    public ValueTask Report(ProcessReport report)
    {
        var now = time.GetUtcNow();
        ForgetGone(now);
        _processes[report.Id] = _processes.TryGetValue(report.Id, out var known)
            ? new Seen(report, now, known.Report, known.At)
            : new Seen(report, now, null, now);
        return ValueTask.CompletedTask;
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
            Repositories =
            [
                .. _processes.Values.SelectMany(process => process.Report.Repositories).GroupBy(pulls => (pulls.Tenant, pulls.Repository))
                    .Select(group => new RepositoryPulls(group.Key.Tenant, group.Key.Repository, group.Sum(pulls => pulls.Pulls)))
                    .OrderByDescending(pulls => pulls.Pulls).Take(MaxRepositories),
            ],
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

    private static IEnumerable<TenantRates> Rates(Seen process)
    {
        var seconds = (process.At - process.BeforeAt).TotalSeconds;
        foreach (var tenant in process.Report.Tenants)
        {
            var before = process.Before?.Tenants.FirstOrDefault(other => other.Tenant == tenant.Tenant);
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
