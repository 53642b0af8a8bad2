using RegistryProxy.Background;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Keeps an account within the rate limit that its upstream shows, together with the other gateways of the cluster. While the upstream is
/// new to us a few metered requests go ahead and the others wait for the first answer. An account that is not counted costs no call.
/// </summary>
internal sealed class RequestBudget(string account, string gateway, ClusterClient cluster, TimeProvider time) : IUpstreamAccountObserver
{
    /// <summary>Permits that are asked for at once.</summary>
    private const int Batch = 20;

    private static readonly TimeSpan FollowPeriod = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ThrottledWithoutTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryWithoutCluster = TimeSpan.FromSeconds(1);

    private readonly SingleFlight<BudgetLease> _leasing = new();
    private readonly TaskCompletionSource _learned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IUpstreamAccountObserver? _reference;
    private int _scouts;
    private int _permits;
    private int _underWay;
    private volatile bool _metered;
    private volatile RateLimitSighting? _seen;
    private long _permitsUntil;
    private long _followAt;
    private long _throttledUntil;
    private long _meteredThrottledUntil;
    private long _listingsThrottledUntil;

    /// <summary>What the upstream said last of what is left; <c>null</c> while it said nothing.</summary>
    public RateLimitSighting? Seen => _seen;

    /// <summary>
    /// Waits for leave to send a request, no longer than until <paramref name="deadline"/>: <c>null</c>, or for how long there is none.
    /// </summary>
    public async ValueTask<TimeSpan?> Admit(CallKind kind, bool metered, long deadline, CancellationToken cancellation)
    {
        Follow();
        if (metered && !_learned.Task.IsCompleted && Interlocked.Increment(ref _scouts) > RateLimitSighting.Scouts)
        {
            await Settle(_learned.Task, deadline, cancellation);
        }

        while (true)
        {
            var now = time.GetTimestamp();
            var until = Volatile.Read(ref _throttledUntil);
            until = metered ? Math.Max(until, Volatile.Read(ref _meteredThrottledUntil))
                : kind == CallKind.Listing ? Math.Max(until, Volatile.Read(ref _listingsThrottledUntil)) : until;
            if (until > deadline)
            {
                return time.GetElapsedTime(now, until);
            }

            if (until > now)
            {
                await Task.Delay(time.GetElapsedTime(now, until), time, cancellation);
            }
            else if (!metered || !_metered || TryTake(now))
            {
                Interlocked.Add(ref _underWay, metered ? 1 : 0);
                return null;
            }
            else
            {
                await _leasing.Join(Lease).WaitAsync(cancellation);
            }
        }
    }

    /// <summary>Learns from an answer; for how long the upstream wants to be left alone, when it refused the request for that.</summary>
    public TimeSpan? Observe(HttpResponseMessage response, CallKind kind, bool metered)
    {
        var shown = RateLimitHeaders.TryRead(response, out var limit, out var remaining, out var window);
        TimeSpan? throttled = response.StatusCode == System.Net.HttpStatusCode.TooManyRequests
            ? RetryAfter.Of(response, time.GetUtcNow()) ?? ThrottledWithoutTime
            : null;
        if (shown)
        {
            (_seen, _metered) = (new RateLimitSighting(limit, remaining, window), true);
            Post(grain => grain.Observe(_seen));
        }
        else if (metered && throttled is null && !_learned.Task.IsCompleted)
        {
            Post(grain => grain.Observe(new RateLimitSighting(null, 0, default)));
        }

        if (throttled is { } longer && kind == CallKind.Listing)
        {
            Raise(ref _listingsThrottledUntil, time.GetTimestamp() + Ticks(longer));
        }
        else if (throttled is { } wait)
        {
            var throttle = new UpstreamThrottle(wait, MeteredOnly: shown && metered);
            Apply(throttle);
            Post(grain => grain.Throttled(throttle));
        }

        if (metered || shown || (throttled is not null && kind != CallKind.Listing))
        {
            _learned.TrySetResult();
        }

        return throttled;
    }

    /// <summary>A request that was admitted was answered, or never will be: then another one may go ahead in its place.</summary>
    public void Done(bool metered, bool isAnswered)
    {
        Interlocked.Add(ref _underWay, metered ? -1 : 0);
        if (metered && !isAnswered && !_learned.Task.IsCompleted)
        {
            Interlocked.Decrement(ref _scouts);
        }
    }

    Task IUpstreamAccountObserver.Throttled(UpstreamThrottle throttle)
    {
        Apply(throttle);
        return Task.CompletedTask;
    }

    private void Post(Func<IUpstreamAccountGrain, ValueTask> message) => cluster.Post(grains => message(Grain(grains)));

    private IUpstreamAccountGrain Grain(IGrainFactory grains) => grains.GetGrain<IUpstreamAccountGrain>(account);

    private bool TryTake(long now)
    {
        var known = now > Volatile.Read(ref _permitsUntil) ? 0 : Volatile.Read(ref _permits);
        while (known > 0 && Interlocked.CompareExchange(ref _permits, known - 1, known) is var seen && seen != known)
        {
            known = seen;
        }

        return known > 0;
    }

    private async Task<BudgetLease> Lease()
    {
        await Task.Yield();
        var lease = new BudgetLease(0, RetryWithoutCluster);
        try
        {
            var unused = Interlocked.Exchange(ref _permits, 0);
            lease = await cluster.CallOnce(
                (grains, stop) => Grain(grains).Lease(gateway, Batch, unused, Volatile.Read(ref _underWay), _seen, stop),
                CallPolicy.Account, CancellationToken.None);
        }
        catch (ClusterUnavailableException)
        {
            // Without the cluster nobody knows what is left.
        }

        var now = time.GetTimestamp();
        Volatile.Write(ref _permits, lease.Permits);
        Volatile.Write(ref _permitsUntil, now + Ticks(BudgetLease.Lifetime));
        if (lease.Permits == 0)
        {
            Raise(ref _meteredThrottledUntil, now + Ticks(lease.RetryAfter));
        }

        return lease;
    }

    private void Apply(UpstreamThrottle throttle)
    {
        _metered |= throttle.MeteredOnly;
        Volatile.Write(ref _permits, throttle.MeteredOnly ? 0 : Volatile.Read(ref _permits));
        Raise(ref throttle.MeteredOnly ? ref _meteredThrottledUntil : ref _throttledUntil, time.GetTimestamp() + Ticks(throttle.For));
    }

    /// <summary>Keeps the subscription to what other gateways meet, off the way of the request.</summary>
    private void Follow()
    {
        var (now, due) = (time.GetTimestamp(), Volatile.Read(ref _followAt));
        if (now >= due && Interlocked.CompareExchange(ref _followAt, now + Ticks(FollowPeriod), due) == due)
        {
            FollowCore().Ignore();
        }
    }

    private async Task FollowCore()
    {
        var observer = _reference ??= cluster.Reference<IUpstreamAccountObserver>(this);
        var state = await cluster.CallOnce(
            (grains, stop) => Grain(grains).Follow(observer, stop), CallPolicy.Account, CancellationToken.None);
        _metered |= state.IsMetered;
        foreach (var throttle in state.Throttles)
        {
            Apply(throttle);
        }

        if (state.IsKnown)
        {
            _learned.TrySetResult();
        }
    }

    private async Task Settle(Task task, long deadline, CancellationToken cancellation)
    {
        var wait = time.GetElapsedTime(time.GetTimestamp(), deadline);
        await task.WaitAsync(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, time, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private static void Raise(ref long place, long value)
    {
        var known = Volatile.Read(ref place);
        while (value > known && Interlocked.CompareExchange(ref place, value, known) is var seen && seen != known)
        {
            known = seen;
        }
    }
}
