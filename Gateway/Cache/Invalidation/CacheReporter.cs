using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>What this gateway's cache has and was good for, as the cluster is told.</summary>
internal sealed class CacheReporter(DiskStore store, CacheMeter meter)
{
    /// <summary>The name of this gateway.</summary>
    public string Gateway { get; } = $"{Environment.MachineName}/{Environment.ProcessId}";

    public bool IsEnabled => store.IsEnabled;

    public CacheReport Report()
    {
        var (count, bytes) = store.Use;
        return new CacheReport
        {
            Gateway = Gateway,
            State = store.IsFailing ? "bypassed" : "ok",
            Objects = count,
            Bytes = bytes,
            MaxBytes = store.MaxBytes,
            Hits = meter.Hits,
            Misses = meter.Misses,
            Joined = meter.Joins,
            SavedBytes = meter.SavedBytes,
            Corrupt = meter.Corruptions,
            Evicted = meter.Evictions,
            FollowsShards = true,
        };
    }
}
