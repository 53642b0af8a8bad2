using RegistryProxy.Background;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>
/// Hears of every write that goes through any gateway, and reports what is kept here. While the cluster is away nobody tells us of writes,
/// so what is kept is not believed.
/// </summary>
internal sealed partial class InvalidationSubscription(
    CacheCluster cluster, CacheInvalidation invalidation, WriteAnnouncer announcer, CacheReporter reporter, InvalidationClock clock,
    TimeProvider time,
    ILogger<InvalidationSubscription> logger) : BackgroundLoop, ICacheObserver
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

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
        ICacheObserver? observer = null;
        var subscription = Guid.Empty;
        while (reporter.IsEnabled && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                observer ??= cluster.ReferenceTo(this);
                subscription = await Follow(observer, subscription, stoppingToken);
                await announcer.TellUntold();
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogAway(fault);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            await Task.Delay(clock.IsTrusted ? Period : Period / 4, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Leave(observer);
    }

    private async Task<Guid> Follow(ICacheObserver observer, Guid subscription, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        var current = await cluster.Follow(observer, reporter.Report(), cancellation);
        clock.Heard(asked, current == subscription);
        return current;
    }

    /// <summary>Requests that still run here believe nothing from now on, so that nobody has to wait for us.</summary>
    private async Task Leave(ICacheObserver? observer)
    {
        clock.Leave();
        try
        {
            if (observer is not null)
            {
                await cluster.Leave(observer, reporter.Gateway);
            }
        }
        catch (Exception fault)
        {
            LogAway(fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster does not respond; cached content is revalidated with its upstreams")]
    private partial void LogAway(Exception fault);
}
