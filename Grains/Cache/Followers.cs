using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <summary>The gateways that are told of writes. Who writes waits for those alone that keep something of the repository's group.</summary>
internal sealed class Followers(TimeProvider time)
{
    /// <summary>How long a gateway has for an answer.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly Dictionary<ICacheObserver, Subscription> _gateways = [];
    private readonly SlowGateways _slow = new(time);
    private readonly UnfinishedChanges _unfinished = new(time);

    /// <summary>
    /// Who is told no more may believe what he has for a while after he last asked to be told: also who asked an activation before this
    /// one.
    /// </summary>
    private readonly List<(WriteInterest Interest, long At)> _deaf = [(WriteInterest.All, time.GetTimestamp())];

    /// <inheritdoc cref="IWriteShardGrain.Follow"/>
    public async Task<Guid> Follow(ICacheObserver gateway, WriteInterest interest)
    {
        Forget();
        if (_slow.Contains(gateway))
        {
            throw new InvalidOperationException("this gateway did not answer when it was told of writes; it is told of none for a while");
        }

        if (!_gateways.TryGetValue(gateway, out var subscription))
        {
            _gateways[gateway] = subscription = new Subscription();
        }

        var before = subscription.Interest;
        subscription.Renew(interest, time.GetTimestamp());

        // Of a write that began before it asked it hears now: what the upstream says until the end of that is not to be kept.
        if (!interest.IsWithin(before))
        {
            var begun = _unfinished.Of(group => interest.Has(group) && before?.Has(group) != true).ToList();
            await Task.WhenAll(begun.Select(change => Tell(gateway, subscription, change)));
        }

        return subscription.Id;
    }

    public void Leave(ICacheObserver gateway) => _gateways.Remove(gateway);

    /// <summary>Tells of a write; returns when nobody believes any more what was before it.</summary>
    public async Task Tell(CacheChange change, CancellationToken cancellation)
    {
        var group = WriteGroup.Of(change.Upstream, change.Repository).Group;
        _unfinished.Note(change, group);
        await Task.WhenAll(_gateways.Where(entry => entry.Value.Interest!.Has(group)).ToList()
            .Select(entry => Tell(entry.Key, entry.Value, change)));
        Forget();
        var last = _deaf.Where(deaf => deaf.Interest.Has(group)).Select(deaf => deaf.At).DefaultIfEmpty(long.MinValue).Max();
        if (last is not long.MinValue && CacheReport.Trust - time.GetElapsedTime(last) is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait, time, cancellation);
        }
    }

    private void Forget()
    {
        foreach (var (gateway, subscription) in _gateways)
        {
            if (time.GetElapsedTime(subscription.RenewedAt) > CacheReport.Trust)
            {
                _gateways.Remove(gateway);
            }
        }

        _deaf.RemoveAll(deaf => time.GetElapsedTime(deaf.At) >= CacheReport.Trust);
    }

    /// <summary>Tells a gateway; one that does not answer, or throws, may believe without hearing.</summary>
    private async Task Tell(ICacheObserver gateway, Subscription subscription, CacheChange change)
    {
        try
        {
            await gateway.Changed(change).WaitAsync(Timeout, time);
        }
        catch (Exception)
        {
            // Its next renewal begins another subscription, which tells it that it missed something.
            if (_gateways.TryGetValue(gateway, out var current) && current == subscription)
            {
                _deaf.Add((subscription.Interest!, subscription.RenewedAt));
                _gateways.Remove(gateway);
                _slow.Note(gateway);
            }
        }
    }

    private sealed class Subscription
    {
        public Guid Id { get; } = Guid.NewGuid();

        public long RenewedAt { get; private set; }

        public WriteInterest? Interest { get; private set; }

        public void Renew(WriteInterest interest, long now) =>
            (Interest, RenewedAt) = (Interest is { } known && known.Round > interest.Round ? known : interest, now);
    }
}
