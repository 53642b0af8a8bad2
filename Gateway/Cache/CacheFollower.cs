using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache;

/// <summary>
/// Hears of every write that goes through any gateway, tells of our own before the client does, and reports what is kept here. While the
/// cluster is away nobody tells us of writes, so tags are not believed.
/// </summary>
internal sealed partial class CacheFollower(
    IGrainFactory grains, DiskStore store, TagIndex tags, HoldingIndex holdings, CacheMeter meter, GrainCallMeter calls, TimeProvider time,
    ILogger<CacheFollower> logger) : BackgroundService, ICacheObserver
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(4);

    private readonly string _gateway = $"{Environment.MachineName}/{Environment.ProcessId}";
    private long _heardAt = time.GetTimestamp() - ((long)CacheReport.Trust.TotalSeconds * 2 * time.TimestampFrequency);

    /// <summary>Whether writes of other gateways are heard of.</summary>
    public bool IsTrusted => time.GetElapsedTime(Volatile.Read(ref _heardAt)) < CacheReport.Trust;

    public Task Changed(CacheChange change)
    {
        tags.Forget(change.Upstream, change.Repository, change.Reference);
        holdings.Forget(change.Upstream, change.Repository, change.Reference);
        return Task.CompletedTask;
    }

    /// <summary>Something was written through us: every gateway forgets what it was, before this returns.</summary>
    public async Task Announce(Tenants.Destination destination, string reference)
    {
        var change = new CacheChange(destination.Upstream.Identity, destination.Name.Value, reference);
        await Changed(change);
        try
        {
            calls.Count("cache");
            await grains.GetGrain<ICacheGrain>(0).Changed(change);
        }
        catch (Exception fault) when (fault is OrleansException or TimeoutException)
        {
            LogUntold(fault);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ICacheObserver? observer = null;
        while (store.IsEnabled && !stoppingToken.IsCancellationRequested)
        {
            var asked = time.GetTimestamp();
            try
            {
                observer ??= grains.CreateObjectReference<ICacheObserver>(this);
                calls.Count("cache");
                await grains.GetGrain<ICacheGrain>(0).Follow(observer, Report(), stoppingToken);
                Volatile.Write(ref _heardAt, asked);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogAway(fault);
            }

            await Task.Delay(IsTrusted ? Period : Period / 8, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private CacheReport Report()
    {
        var (count, bytes) = store.Use;
        return new CacheReport
        {
            Gateway = _gateway,
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
        };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Other gateways could not be told of a write; they ask upstreams again when they notice that the cluster is away")]
    private partial void LogUntold(Exception fault);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster does not answer; tags are asked for at upstreams")]
    private partial void LogAway(Exception fault);
}
