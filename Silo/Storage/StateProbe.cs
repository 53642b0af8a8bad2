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

    private volatile string? _problem;

    public string Name => "state";

    public bool IsReady => _problem is null;

    public string? Detail => _problem;

    /// <summary>Looks; <c>true</c> when they can be read, or nobody can say now.</summary>
    public async Task<bool> Look()
    {
        try
        {
            string? problem = null;
            foreach (var record in ClusterRecord.All)
            {
                var owner = new StateOwner(service, record.Grain.ToString(), record.State);
                if (await store.Read(owner) is { } stored && cipher.Open(stored, owner) is { Plain: null, IsDiscarded: false } opened)
                {
                    problem ??= $"the cluster's record '{record.State}' cannot be read: {opened.Problem}";
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
        }
        catch (Exception fault)
        {
            // The storage is away; that is not told by its keys.
            LogAway(fault);
        }

        return IsReady;
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

    [LoggerMessage(Level = LogLevel.Information, Message = "The records of the cluster can be read again; this silo is ready as to them")]
    private partial void LogWell();

    [LoggerMessage(Level = LogLevel.Debug, Message = "The stored state cannot be listed now")]
    private partial void LogAway(Exception fault);
}
