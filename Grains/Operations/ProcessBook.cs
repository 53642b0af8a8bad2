using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Operations;

/// <summary>
/// The processes of the cluster by their last reports. One that falls silent without having said that it ends is told of for an hour,
/// or until its host reports anew; what it reported is kept for a minute.
/// </summary>
internal sealed class ProcessBook(TimeProvider time)
{
    /// <summary>Those that report and those that fell silent, together.</summary>
    private const int MaxProcesses = 2000;

    /// <summary>A process that is silent for so long does nothing now, as far as anybody knows.</summary>
    private static readonly TimeSpan Silent = TimeSpan.FromSeconds(6);

    /// <summary>What a process reported that is silent for so long counts no more.</summary>
    private static readonly TimeSpan Gone = TimeSpan.FromMinutes(1);

    /// <summary>For so long operators are told of it.</summary>
    private static readonly TimeSpan Missed = TimeSpan.FromHours(1);

    private readonly Dictionary<string, ReportedProcess> _reporting = [];
    private readonly Dictionary<string, ReportedProcess> _missed = [];

    /// <summary>Those whose reports count.</summary>
    public IReadOnlyCollection<ReportedProcess> Reporting
    {
        get
        {
            Forget();
            return _reporting.Values;
        }
    }

    /// <summary>Those that do something now.</summary>
    public IEnumerable<ReportedProcess> Busy => Reporting.Where(process => time.GetSteadyNow() - process.At <= Silent);

    /// <summary>Takes a report.</summary>
    /// <param name="report">Which.</param>
    /// <param name="before">The one before it; <c>null</c> when that is not known.</param>
    /// <param name="isReturned">Whether the process was counted as gone, so that what it did meanwhile is counted nowhere.</param>
    /// <returns><c>false</c> for one that a later report of the process has overtaken, which is not taken.</returns>
    public bool TryTake(ProcessReport report, out ProcessReport? before, out bool isReturned)
    {
        Forget();
        var known = _reporting.GetValueOrDefault(report.Id);
        isReturned = _missed.Remove(report.Id);
        before = known?.Report;
        if (known is not null && report.Number > 0 && report.Number <= known.Report.Number)
        {
            return false;
        }

        foreach (var replaced in _missed.Where(one => IsReplaced(one.Value, report)).Select(one => one.Key).ToList())
        {
            _missed.Remove(replaced);
        }

        if (known is not null || _reporting.Count + _missed.Count < MaxProcesses)
        {
            var now = time.GetSteadyNow();
            _reporting[report.Id] = new ReportedProcess(report, now, time.GetUtcNow(), Rates(report, known, now));
        }

        return true;
    }

    /// <summary>A process ends as it was told to.</summary>
    public void Leave(string id)
    {
        _reporting.Remove(id);
        _missed.Remove(id);
    }

    /// <summary>All, by kind and host.</summary>
    public IReadOnlyList<ProcessStatus> Describe() =>
    [
        .. Reporting.Concat(_missed.Values).OrderBy(process => process.Report.Kind, StringComparer.Ordinal)
            .ThenBy(process => process.Report.Host, StringComparer.Ordinal).Select(Describe),
    ];

    private ProcessStatus Describe(ReportedProcess process)
    {
        var (report, silence) = (process.Report, time.GetSteadyNow() - process.At);
        return new ProcessStatus(
            report.Kind, report.Host, report.Version, report.Started, report.Configuration, (int)silence.TotalSeconds)
        {
            SilentSince = silence > Silent ? process.HeardAt : null,
            Shared = report.Shared,
            Troubles = silence > Silent ? [] : report.Troubles,
        };
    }

    private void Forget()
    {
        var now = time.GetSteadyNow();
        foreach (var (id, process) in _reporting.Where(one => now - one.Value.At > Gone).ToList())
        {
            _reporting.Remove(id);
            var report = process.Report with { Tenants = [], Repositories = [], Upstreams = [], Troubles = [] };
            _missed[id] = process with { Report = report, Rates = [] };
        }

        foreach (var id in _missed.Where(one => now - one.Value.At > Missed).Select(one => one.Key).ToList())
        {
            _missed.Remove(id);
        }
    }

    /// <summary>Whether a process was started where another had ended.</summary>
    private static bool IsReplaced(ReportedProcess missed, ProcessReport report) =>
        missed.Report.Kind == report.Kind && missed.Report.Host == report.Host && report.Started >= missed.HeardAt;

    /// <summary>What a process does for each tenant; nothing as long as there is no other report to compare with.</summary>
    private static List<TenantRates> Rates(ProcessReport report, ReportedProcess? known, TimeSpan now)
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
}

/// <summary>A process by its last report.</summary>
/// <param name="Report">The last.</param>
/// <param name="At">When it came.</param>
/// <param name="HeardAt">The same, by the clock.</param>
/// <param name="Rates">What it does for each tenant since the one before.</param>
internal sealed record ReportedProcess(
    ProcessReport Report, TimeSpan At, DateTimeOffset HeardAt, IReadOnlyList<TenantRates> Rates);
