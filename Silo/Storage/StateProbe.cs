using RegistryProxy.Background;
using RegistryProxy.Grains.Storage;
using RegistryProxy.ServiceDefaults.Health;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// Whether this silo can read the records without which the cluster is another one. A silo that cannot must get no work: what it made in
/// their place would be another cluster's.
/// </summary>
internal sealed partial class StateProbe(
    IRecordStore store, StateCipher cipher, string service, TimeProvider time, ILogger<StateProbe> logger)
    : BackgroundLoop, IReadiness
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>Whatever has not changed is read again all the same after this time, for what a disk has damaged.</summary>
    private static readonly TimeSpan WholePeriod = TimeSpan.FromMinutes(10);

    private readonly SingleFlight<bool> _looks = new();

    /// <summary>What could be read, by its mark; for one look at a time.</summary>
    private readonly Dictionary<StateOwner, string> _read = [];

    private TimeSpan _wholeAt;
    private volatile string? _problem;
    private string? _risk;

    public string Name => "state";

    public bool IsReady => _problem is null;

    public string? Detail => _problem;

    /// <summary>Looks; <c>true</c> when they can be read, or nobody can say now.</summary>
    public Task<bool> Look() => _looks.Join(LookOnce);

    private async Task<bool> LookOnce()
    {
        try
        {
            string? problem = null;
            var isWhole = false;
            if (time.GetSteadyNow() is var now && now >= _wholeAt)
            {
                _wholeAt = now + WholePeriod;
                _read.Clear();
                isWhole = true;
            }

            foreach (var record in ClusterRecord.All)
            {
                var owner = new StateOwner(service, record.Grain.ToString(), record.State);
                if (await Problem(owner) is { } found)
                {
                    problem ??= $"the cluster's record '{record.State}' cannot be read: {found}";
                }
            }

            if (problem is not null && problem != _problem)
            {
                LogRefused(problem);
            }
            else if (problem is null && _problem is not null)
            {
                LogWell();
            }

            _problem = problem;
            await (isWhole ? FindRisk() : Task.CompletedTask);
        }
        catch (Exception fault)
        {
            // The storage is away; that is not told by its keys.
            LogAway(fault);
        }

        return IsReady;
    }

    /// <summary>Who may not ask how the storage is set does not learn it.</summary>
    private async Task FindRisk()
    {
        try
        {
            var (risk, before) = (await store.FindRisk(), _risk);
            _risk = risk;
            if (risk is not null && risk != before)
            {
                LogRisk(risk);
            }
            else if (risk is null && before is not null)
            {
                LogSafe();
            }
        }
        catch (Exception fault)
        {
            LogAway(fault);
        }
    }

    /// <summary>Why a record cannot be read. What could be is not read again until it changes: it may be the whole configuration.</summary>
    private async Task<string?> Problem(StateOwner owner)
    {
        var mark = await store.Mark(owner);
        if (mark is null || (_read.TryGetValue(owner, out var known) && known == mark))
        {
            return null;
        }

        _read.Remove(owner);
        if (await store.Read(owner) is { } stored && cipher.Open(stored, owner) is { Plain: null, IsDiscarded: false } opened)
        {
            return opened.Problem;
        }

        _read[owner] = mark;
        return null;
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Look();
        }
    }

    [LoggerMessage(Level = LogLevel.Critical,
        Message = "ALARM: this silo is not ready: {Problem}; add the key to state.encryptionKeys, or its id to " +
            "state.discardKeys to give up the records under it")]
    private partial void LogRefused(string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "ALARM: the stored state may be lost: {Risk}")]
    private partial void LogRisk(string risk);

    [LoggerMessage(Level = LogLevel.Information, Message = "The storage of the state keeps what it has again")]
    private partial void LogSafe();

    [LoggerMessage(Level = LogLevel.Information, Message = "The records of the cluster can be read again; this silo is ready as to them")]
    private partial void LogWell();

    [LoggerMessage(Level = LogLevel.Debug, Message = "The stored state cannot be listed now")]
    private partial void LogAway(Exception fault);
}
