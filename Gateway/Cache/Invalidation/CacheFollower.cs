using System.Collections.Concurrent;
using RegistryProxy.Background;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>
/// Hears of every write that goes through any gateway, tells of our own before the client hears of it, and reports what is kept here. While
/// the cluster is away nobody tells us of writes, so what is kept is not believed.
/// </summary>
internal sealed partial class CacheFollower(
    IGrainFactory grains, DiskStore store, TagIndex tags, HoldingIndex holdings, WriteWatch writes, CacheMeter meter, GrainCallMeter calls,
    TimeProvider time, ILogger<CacheFollower> logger) : BackgroundLoop, ICacheObserver
{
    /// <summary>How many writes may wait for a cluster that is away.</summary>
    private const int MaxUntold = 10_000;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly string _gateway = $"{Environment.MachineName}/{Environment.ProcessId}";
    private readonly ConcurrentQueue<CacheChange> _untold = new();

    public Task Changed(CacheChange change)
    {
        var target = new WriteTarget(change.Upstream, change.Repository, change.Reference);
        writes.Note(target, change.IsFinished);
        tags.Forget(target);
        holdings.Forget(target);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Something is about to be written through us, or was: every gateway forgets what it was, before this returns. <c>false</c> when the
    /// others could not be told: they may believe what they have, and hear of it later.
    /// </summary>
    /// <param name="isFinished">Whether the upstream is known to be done with it.</param>
    public async Task<bool> Announce(Destination destination, string reference, bool isFinished)
    {
        var change = new CacheChange(destination.Upstream.Address, destination.Name.Value, reference, isFinished);
        await Changed(change);
        if (await TryTell(change))
        {
            return true;
        }

        if (_untold.Count < MaxUntold)
        {
            _untold.Enqueue(change);
        }

        return false;
    }

    /// <summary>
    /// Tells the cluster, again and again while it changes: until it hears, or until every gateway that heard of it as late as we did
    /// believes nothing any more. A cluster that is away for long is not waited for.
    /// </summary>
    private async Task<bool> TryTell(CacheChange change)
    {
        var began = time.GetTimestamp();
        var patience = writes.IsTrusted ? CacheReport.Trust + (3 * Period) : TimeSpan.Zero;
        while (true)
        {
            try
            {
                await Tell(change);
                return true;
            }
            catch (Exception fault)
            {
                if (time.GetElapsedTime(began) >= patience)
                {
                    LogUntold(fault);
                    return false;
                }
            }

            await Task.Delay(Period / 4, time);
        }
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        ICacheObserver? observer = null;
        var subscription = Guid.Empty;
        while (store.IsEnabled && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                observer ??= grains.CreateObjectReference<ICacheObserver>(this);
                subscription = await Follow(observer, subscription, stoppingToken);
                await TellUntold();
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogAway(fault);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            store.Recover();
            await Task.Delay(writes.IsTrusted ? Period : Period / 4, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Leave(observer);
    }

    private async Task<Guid> Follow(ICacheObserver observer, Guid subscription, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        calls.Count("cache");
        var current = await grains.GetGrain<ICacheGrain>(0).Follow(observer, Report(), cancellation);
        writes.Heard(asked, current == subscription);
        return current;
    }

    private async Task TellUntold()
    {
        while (_untold.TryPeek(out var change))
        {
            await Tell(change);
            _untold.TryDequeue(out _);
        }
    }

    private ValueTask Tell(CacheChange change)
    {
        calls.Count("cache");
        return grains.GetGrain<ICacheGrain>(0).Changed(change);
    }

    /// <summary>Requests that still run here believe nothing from now on, so that nobody has to wait for us.</summary>
    private async Task Leave(ICacheObserver? observer)
    {
        writes.Leave();
        try
        {
            if (observer is not null)
            {
                await grains.GetGrain<ICacheGrain>(0).Leave(observer, _gateway);
            }
        }
        catch (Exception fault)
        {
            LogAway(fault);
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Other gateways could not be told of a write; they are told when the cluster answers again")]
    private partial void LogUntold(Exception fault);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster does not answer; upstreams are asked about what is kept")]
    private partial void LogAway(Exception fault);
}
