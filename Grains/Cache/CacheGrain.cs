using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <inheritdoc cref="ICacheGrain"/>
[GrainType("cache")]
internal sealed class CacheGrain(TimeProvider time) : Grain, ICacheGrain
{
    private static readonly TimeSpan ReportLifetime = TimeSpan.FromSeconds(20);

    /// <summary>How long a gateway has for an answer.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly Dictionary<ICacheObserver, Subscription> _gateways = [];
    private readonly Dictionary<string, (CacheReport Report, long At)> _reports = [];
    private readonly SlowGateways _slow = new(time);

    /// <summary>When somebody who is told no more last asked to be: he may believe what he has for a while from then on.</summary>
    private long _deafAt = time.GetTimestamp();

    public ValueTask<Guid> Follow(ICacheObserver observer, CacheReport report, CancellationToken cancellation = default)
    {
        var now = time.GetTimestamp();
        ForgetReports();
        _reports[report.Gateway] = (report, now);
        foreach (var gone in _gateways.Where(entry => time.GetElapsedTime(entry.Value.RenewedAt) > CacheReport.Trust)
            .Select(entry => entry.Key).ToList())
        {
            _gateways.Remove(gone);
        }

        if (_slow.Contains(observer))
        {
            throw new InvalidOperationException("this gateway did not answer when it was told of writes; it is told of none for a while");
        }

        if (!_gateways.TryGetValue(observer, out var subscription))
        {
            _gateways[observer] = subscription = new Subscription();
        }

        subscription.RenewedAt = now;
        return new(subscription.Id);
    }

    public async ValueTask Changed(CacheChange change, CancellationToken cancellation = default)
    {
        ForgetReports();

        // Gateways may still believe what an activation before this one told them, and those that did not hear of another write.
        await Task.WhenAll(_gateways.ToList().Select(entry => Tell(entry.Key, entry.Value, change)));
        if (CacheReport.Trust - time.GetElapsedTime(_deafAt) is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait, time, cancellation);
        }
    }

    public ValueTask Leave(ICacheObserver observer, string gateway, CancellationToken cancellation = default)
    {
        _gateways.Remove(observer);
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
        foreach (var gone in _reports.Where(entry => time.GetElapsedTime(entry.Value.At) > ReportLifetime)
            .Select(entry => entry.Key).ToList())
        {
            _reports.Remove(gone);
        }
    }

    /// <summary>Tells a gateway; one that does not answer may believe without hearing.</summary>
    private async Task Tell(ICacheObserver gateway, Subscription subscription, CacheChange change)
    {
        try
        {
            await gateway.Changed(change).WaitAsync(Timeout, time);
        }
        catch (Exception)
        {
            _deafAt = Math.Max(_deafAt, subscription.RenewedAt);

            // Its next renewal begins another subscription, which tells it that it missed something.
            if (_gateways.TryGetValue(gateway, out var current) && current == subscription)
            {
                _gateways.Remove(gateway);
                _slow.Note(gateway);
            }
        }
    }

    private sealed class Subscription
    {
        public Guid Id { get; } = Guid.NewGuid();

        public long RenewedAt { get; set; }
    }
}
