using RegistryProxy.Background;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>
/// Hears of writes that go through any gateway, and reports what is kept here. While a shard is away nobody tells us of its writes, so what
/// is kept of its repositories is not believed.
/// </summary>
internal sealed partial class InvalidationSubscription(
    CacheCluster cluster, CacheInvalidation invalidation, CacheReporter reporter, InvalidationClock clock, TimeProvider time,
    ILogger<InvalidationSubscription> logger) : BackgroundLoop, ICacheObserver
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>A shard of whose repositories nothing is kept here is asked to be there, before its lease is over.</summary>
    private static readonly TimeSpan UnusedPeriod = TimeSpan.FromSeconds(3);

    private ICacheObserver? _observer;

    private ICacheObserver Observer => LazyInitializer.EnsureInitialized(ref _observer, () => cluster.ReferenceTo(this));

    public Task Changed(CacheChange change)
    {
        if (RepositoryName.TryParse(change.Repository, out var repository)
            && ManifestReference.TryParse(change.Reference, out var reference))
        {
            var step = change.IsRefused ? WriteStep.Refused : change.IsFinished ? WriteStep.Done : WriteStep.Begun;
            invalidation.Apply(new WriteTarget(change.Upstream, repository, reference), change.Write, step);
        }

        return Task.CompletedTask;
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        if (!reporter.IsEnabled)
        {
            return;
        }

        await Task.WhenAll([
            Repeat(Follow, stop => Task.Delay(Period, time, stop), stoppingToken),
            .. clock.Shards.Select((shard, key) => Repeat(
                (subscription, stop) => Follow(key, shard, subscription, stop),
                stop => shard.Wanted.WaitAsync(shard.IsUsed ? Period : UnusedPeriod, time, stop), stoppingToken)),
        ]);
        await Leave();
    }

    private async Task Repeat(
        Func<Guid, CancellationToken, Task<Guid>> follow, Func<CancellationToken, Task> due, CancellationToken cancellation)
    {
        var subscription = Guid.Empty;
        while (!cancellation.IsCancellationRequested)
        {
            var isHeard = false;
            try
            {
                subscription = await follow(subscription, cancellation);
                isHeard = true;
            }
            catch (Exception fault) when (!cancellation.IsCancellationRequested)
            {
                LogAway(fault);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            await (isHeard ? due(cancellation) : Task.Delay(Period / 4, time, cancellation))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Guid> Follow(Guid subscription, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        var current = await cluster.Follow(Observer, reporter.Report(), cancellation);
        clock.Heard(asked, current == subscription);
        return current;
    }

    private async Task<Guid> Follow(int key, ShardClock shard, Guid subscription, CancellationToken cancellation)
    {
        var (asked, interest) = (time.GetTimestamp(), shard.Ask());
        try
        {
            var current = await cluster.Follow(key, Observer, interest, cancellation);
            shard.Heard(asked, current.Id == subscription, interest, current.IsWhole, clock.FormerHeardSince);
            return current.Id;
        }
        catch (Exception)
        {
            shard.Missed();
            throw;
        }
    }

    /// <summary>Requests that still run here believe nothing from now on, so that nobody has to wait for us.</summary>
    private async Task Leave()
    {
        clock.Leave();
        try
        {
            await Task.WhenAll([
                cluster.Leave(Observer, reporter.Gateway), .. clock.Shards.Select((_, key) => cluster.Leave(key, Observer))]);
        }
        catch (Exception fault)
        {
            LogAway(fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster does not respond; cached content is revalidated with its upstreams")]
    private partial void LogAway(Exception fault);
}
