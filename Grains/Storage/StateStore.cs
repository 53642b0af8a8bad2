using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using RegistryProxy.Background;

namespace RegistryProxy.Grains.Storage;

/// <summary>
/// Gives grains their stored records: the only way to the storage of state. Counts and logs what the storage does not do.
/// </summary>
internal sealed partial class StateStore : IStateHealth
{
    /// <summary>Without a failure for so long, it works again: one record may fail among many.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    /// <summary>How long a refused record is told of.</summary>
    private static readonly TimeSpan Told = TimeSpan.FromMinutes(15);

    private readonly IGrainStorage _storage;
    private readonly Outage _outage;
    private readonly TimeProvider _time;
    private readonly ILogger<StateStore> _logger;
    private long _failures;
    private volatile string _fault = "";
    private volatile Refused? _refused;

    /// <inheritdoc/>
    public StorageOutage? Outage => _outage.Now is var (lasts, failures) ? new StorageOutage(lasts, failures, _fault) : null;

    /// <inheritdoc/>
    public (string What, DateTimeOffset At)? Refusal => _refused is { } refused && _time.GetSteadyNow() - refused.Moment <= Told
        ? (refused.What, refused.At) : null;

    public StateStore(
        [FromKeyedServices(GrainStorageNames.State)] IGrainStorage storage, TimeProvider time, IMeterFactory meters,
        ILogger<StateStore> logger)
    {
        (_storage, _time, _logger, _outage) = (storage, time, logger, new Outage(time, Quiet));
        meters.Create("RegistryProxy.Grains").CreateObservableCounter(
            "registryproxy.state.failures", () => Volatile.Read(ref _failures), "{call}",
            "Reads and writes that the storage of the state did not do");
    }

    /// <summary>A record of a grain; nothing is read yet.</summary>
    /// <param name="name">The name of the state, which is a part of the key of its record.</param>
    /// <param name="grain">Whose it is.</param>
    /// <param name="outdated">Called when another activation wrote it.</param>
    public Stored<T> Open<T>(string name, GrainId grain, Action? outdated = null)
        where T : class, new() => new(_storage, name, grain, _time, fault => Failed(name, fault), Worked) 
        { Outdated = outdated, Refused = fault => _refused = new Refused(fault.Message, _time.GetUtcNow(), _time.GetSteadyNow()) };

    private void Failed(string name, Exception fault)
    {
        Interlocked.Increment(ref _failures);
        _fault = $"{fault.GetType().Name}: {fault.Message}";
        _outage.Fail();
        LogFailed(fault, name);
    }

    private void Worked()
    {
        if (_outage.End(out var failures, out var lasted))
        {
            LogWell(failures, lasted.TotalSeconds);
        }
    }

    private sealed record Refused(string What, DateTimeOffset At, TimeSpan Moment);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The storage of the state '{State}' failed; the caller gets an error")]
    private partial void LogFailed(Exception fault, string state);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The storage of the state works again: {Failures} calls to it failed within {Seconds:F0} s")]
    private partial void LogWell(long failures, double seconds);
}
