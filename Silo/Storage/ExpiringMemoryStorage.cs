using System.Collections.Concurrent;
using Orleans.Storage;
using RegistryProxy.Background;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Silo.Storage;

/// <summary>Memory state with an end: each silo removes what it wrote itself, unless somebody has written it since.</summary>
internal sealed class ExpiringMemoryStorage(IGrainStorage inner, TimeProvider time) : BackgroundLoop, IGrainStorage
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string State, GrainId Grain), (DateTimeOffset At, Func<Task> Clear)> _ends = new();

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        inner.ReadStateAsync(stateName, grainId, grainState);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await inner.WriteStateAsync(stateName, grainId, grainState);
        if (grainState.State is IExpiringState { KeepUntil: { } end })
        {
            var etag = grainState.ETag;
            _ends[(stateName, grainId)] = (end,
                () => inner.ClearStateAsync(stateName, grainId, new GrainState<T> { ETag = etag, RecordExists = true }));
        }
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await inner.ClearStateAsync(stateName, grainId, grainState);
        _ends.TryRemove((stateName, grainId), out _);
    }

    /// <summary>Removes what its end has come for.</summary>
    public async Task Sweep()
    {
        foreach (var (record, end) in _ends.Where(known => known.Value.At <= time.GetUtcNow()))
        {
            if (_ends.TryRemove(new(record, end)))
            {
                // Whoever wrote it since, on another silo, sees to its end.
                await end.Clear().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Sweep();
        }
    }
}
