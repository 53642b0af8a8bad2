using Microsoft.Extensions.Logging;
using Orleans.Utilities;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Accounts;

/// <summary>Shares out what an upstream has left for an account, and passes on that it wants to be left alone.</summary>
[GrainType("upstreamaccount")]
internal sealed class UpstreamAccountGrain(TimeProvider time, ILogger<UpstreamAccountGrain> logger) : Grain, IUpstreamAccountGrain
{
    private static readonly TimeSpan Subscription = TimeSpan.FromSeconds(90);

    private readonly ObserverManager<IUpstreamAccountObserver> _gateways = new(Subscription, logger);
    private readonly RequestLedger _ledger = new(time);
    private readonly Dictionary<string, DateTimeOffset> _open = [];
    private DateTimeOffset _throttledUntil;
    private DateTimeOffset _meteredThrottledUntil;

    public ValueTask<UpstreamAccountState> Follow(IUpstreamAccountObserver observer, CancellationToken cancellation = default)
    {
        _gateways.Subscribe(observer, observer);
        _gateways.ClearExpired();
        var now = time.GetUtcNow();
        List<UpstreamThrottle> throttles = [];
        Add(_throttledUntil, meteredOnly: false);
        Add(_meteredThrottledUntil, meteredOnly: true);
        return new(new UpstreamAccountState(_ledger.IsMetered, _ledger.IsKnown, throttles));

        void Add(DateTimeOffset until, bool meteredOnly)
        {
            if (until > now)
            {
                throttles.Add(new UpstreamThrottle(until - now, meteredOnly));
            }
        }
    }

    public ValueTask<BudgetLease> Lease(
        string gateway, int wanted, int returned, int underWay, RateLimitSighting? seen, CancellationToken cancellation = default)
    {
        if (seen is not null && !_ledger.IsMetered)
        {
            Note(seen);
        }

        return new(_ledger.Lease(new LeaseRequest(gateway, wanted, returned, underWay), Math.Max(1, _gateways.Count)));
    }

    public ValueTask Observe(RateLimitSighting sighting)
    {
        Note(sighting);
        return ValueTask.CompletedTask;
    }

    /// <summary>Gateways that are about to subscribe have scouts too: two are taken to be there.</summary>
    private void Note(RateLimitSighting sighting) => _ledger.Note(sighting, (Math.Max(2, _gateways.Count) * RateLimitSighting.Scouts) - 1);

    public async ValueTask Throttled(UpstreamThrottle throttle)
    {
        var until = time.GetUtcNow() + throttle.For;
        if (throttle.MeteredOnly)
        {
            _meteredThrottledUntil = until;
            _ledger.Exhaust(throttle.For);
        }
        else
        {
            _throttledUntil = until;
        }

        await _gateways.Notify(gateway => gateway.Throttled(throttle));
    }

    public ValueTask BreakerChanged(string gateway, bool open)
    {
        if (open)
        {
            _open[gateway] = time.GetUtcNow();
        }
        else
        {
            _open.Remove(gateway);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<UpstreamAccountStatus> Describe(CancellationToken cancellation = default)
    {
        var now = time.GetUtcNow();
        var until = _throttledUntil > _meteredThrottledUntil ? _throttledUntil : _meteredThrottledUntil;
        return new(_ledger.Describe() with
        {
            ThrottledUntil = until > now ? until : null,
            // A gateway that died with its breaker open says nothing any more.
            OpenBreakers = _open.Count(breaker => now - breaker.Value < Subscription),
        });
    }
}
