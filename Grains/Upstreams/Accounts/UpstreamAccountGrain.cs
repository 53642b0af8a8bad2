using Microsoft.Extensions.Logging;
using Orleans.Utilities;
using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Accounts;

/// <summary>Shares out what an upstream has left for an account, and passes on that it wants to be left alone.</summary>
[GrainType("upstreamaccount")]
internal sealed class UpstreamAccountGrain(TimeProvider time, ILogger<UpstreamAccountGrain> logger) : Grain, IUpstreamAccountGrain
{
    private static readonly TimeSpan Subscription = TimeSpan.FromSeconds(90);

    private readonly ObserverManager<IUpstreamAccountObserver> _gateways = new(Subscription, logger)
    {
        GetDateTime = () => DateTime.UnixEpoch + time.GetSteadyNow(),
    };
    private readonly RequestLedger _ledger = new(time);
    private readonly OpenBreakers _open = new(time, Subscription);
    private TimeSpan _throttledUntil;
    private TimeSpan _meteredThrottledUntil;

    public ValueTask<UpstreamAccountState> Follow(IUpstreamAccountObserver observer, CancellationToken cancellation = default)
    {
        _gateways.Subscribe(observer, observer);
        _gateways.ClearExpired();
        var now = time.GetSteadyNow();
        List<UpstreamThrottle> throttles = [];
        Add(_throttledUntil, meteredOnly: false);
        Add(_meteredThrottledUntil, meteredOnly: true);
        return new(new UpstreamAccountState(_ledger.IsMetered, _ledger.IsKnown, throttles));

        void Add(TimeSpan until, bool meteredOnly)
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
        var until = time.GetSteadyNow() + throttle.For;
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
        _open.Note(gateway, open);
        return ValueTask.CompletedTask;
    }

    public ValueTask<UpstreamAccountStatus> Describe(CancellationToken cancellation = default)
    {
        var now = time.GetSteadyNow();
        var until = _throttledUntil > _meteredThrottledUntil ? _throttledUntil : _meteredThrottledUntil;
        return new(_ledger.Describe() with
        {
            ThrottledUntil = until > now ? time.GetUtcNow() + (until - now) : null,
            OpenBreakers = _open.Count,
        });
    }
}
