using System.Diagnostics.Metrics;
using RegistryProxy.Gateway.Requests;

namespace RegistryProxy.Gateway.Cache.Metrics;

/// <summary>What the cache is good for: for <c>/metrics</c>, and summed for the cluster's <c>/admin/cache</c>.</summary>
internal sealed class CacheMeter
{
    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private long _hitCount;
    private long _missCount;
    private long _joinCount;
    private long _savedBytes;
    private long _evictedCount;
    private long _corruptCount;
    private long _kernelBytes;

    public CacheMeter(IMeterFactory meters)
    {
        var meter = _meter = meters.Create("RegistryProxy.Gateway");
        _requests = meter.CreateCounter<long>("registryproxy.cache.requests", "{request}", "Pulls on cached routes, by what they met");
        meter.CreateObservableCounter(
            "registryproxy.cache.saved", () => SavedBytes, "By", "Bytes that clients got and upstreams did not have to send");
        meter.CreateObservableCounter(
            "registryproxy.cache.sent_by_kernel", () => Volatile.Read(ref _kernelBytes), "By", "Bytes that left by sendfile");
        meter.CreateObservableCounter("registryproxy.cache.evicted", () => Evictions, "{object}", "Objects that had to make room");
        meter.CreateObservableCounter(
            "registryproxy.cache.corrupt", () => Corruptions, "{object}", "Bytes that were not what their digest says");
    }

    public long Hits => Volatile.Read(ref _hitCount);

    public long Misses => Volatile.Read(ref _missCount);

    public long Joins => Volatile.Read(ref _joinCount);

    public long SavedBytes => Volatile.Read(ref _savedBytes);

    public long Evictions => Volatile.Read(ref _evictedCount);

    public long Corruptions => Volatile.Read(ref _corruptCount);

    /// <summary>Shows the disk: alarms are for <c>bypassed</c>.</summary>
    public void Watch(Func<bool> isFailing, Func<(int Count, long Bytes)> use)
    {
        _meter.CreateObservableGauge("registryproxy.cache.bypassed", () => isFailing() ? 1 : 0, null,
            "1 while the cache's disk cannot be written and everything is streamed");
        _meter.CreateObservableGauge("registryproxy.cache.size", () => use().Bytes, "By", "What the files of the cache add up to");
        _meter.CreateObservableGauge("registryproxy.cache.objects", () => use().Count, "{object}", "Files of the cache");
    }

    /// <summary>Counts what a pull met, which is also what the client and the audit log are told.</summary>
    public void Count(RegistryRequest request, CacheState state)
    {
        request.Cache = state;
        Count(state);
    }

    public void Count(CacheState state)
    {
        Interlocked.Increment(ref CounterOf(state));
        _requests.Add(1, new KeyValuePair<string, object?>("result", state.Name()));
    }

    private ref long CounterOf(CacheState state)
    {
        if (state is CacheState.Miss or CacheState.Bypass or CacheState.Unverified)
        {
            return ref _missCount;
        }

        return ref state is CacheState.Joined or CacheState.Peer ? ref _joinCount : ref _hitCount;
    }

    public void Saved(long bytes) => Interlocked.Add(ref _savedBytes, bytes);

    public void Evicted(int objects) => Interlocked.Add(ref _evictedCount, objects);

    public void Corrupt() => Interlocked.Increment(ref _corruptCount);

    public void SentByKernel(long bytes) => Interlocked.Add(ref _kernelBytes, bytes);
}
