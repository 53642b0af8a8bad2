using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <inheritdoc cref="ICacheGrain"/>
[GrainType("cache")]
internal sealed class CacheGrain(FormerSilos formerSilos, TimeProvider time) : Grain, ICacheGrain
{
    private static readonly TimeSpan ReportLifetime = TimeSpan.FromSeconds(20);

    private readonly Followers _followers = new(time);
    private readonly Dictionary<string, (CacheReport Report, long At)> _reports = [];
    private FormerGateways? _former;

    public async ValueTask<Guid> Follow(ICacheObserver observer, CacheReport report, CancellationToken cancellation = default)
    {
        ForgetReports();
        _reports[report.Gateway] = (report, time.GetTimestamp());
        if (!report.FollowsShards)
        {
            await (_former ??= new FormerGateways(GrainFactory, time)).Keep();
        }

        return await _followers.Follow(observer, WriteInterest.All);
    }

    public async ValueTask Changed(CacheChange change, CancellationToken cancellation = default)
    {
        ForgetReports();
        await Task.WhenAll(_followers.Tell(change, cancellation), TellShard(change, cancellation));
    }

    public ValueTask Leave(ICacheObserver observer, string gateway, CancellationToken cancellation = default)
    {
        _followers.Leave(observer);
        _reports.Remove(gateway);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<CacheReport>> Describe(CancellationToken cancellation = default)
    {
        ForgetReports();
        return new([.. _reports.Values.Select(entry => entry.Report).OrderBy(report => report.Gateway, StringComparer.Ordinal)]);
    }

    /// <summary>While there are silos of a former version every gateway follows this grain itself.</summary>
    private Task TellShard(CacheChange change, CancellationToken cancellation) => formerSilos.Exist ? Task.CompletedTask
        : GrainFactory.GetGrain<IWriteShardGrain>(WriteGroup.Of(change.Upstream, change.Repository).Shard)
            .ChangedByFormer(change, cancellation).AsTask();

    private void ForgetReports()
    {
        foreach (var (gateway, (_, at)) in _reports)
        {
            if (time.GetElapsedTime(at) > ReportLifetime)
            {
                _reports.Remove(gateway);
            }
        }
    }
}
