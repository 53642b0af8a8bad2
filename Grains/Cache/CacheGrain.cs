using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <inheritdoc cref="ICacheGrain"/>
[GrainType("cache")]
internal sealed class CacheGrain(TimeProvider time) : Grain, ICacheGrain
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
        await _followers.Tell(change, cancellation);
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
