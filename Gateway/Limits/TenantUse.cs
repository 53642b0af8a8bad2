using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Limits;

/// <summary>What one tenant uses of this gateway now.</summary>
internal sealed class TenantUse(string tenant, LimitShares shares, LimitCaches caches, TimeProvider time)
{
    /// <summary>As much as an address without a token may ask for in this time it may ask for at once.</summary>
    private static readonly TimeSpan StrangerBurst = TimeSpan.FromSeconds(4);

    private readonly Func<RateGate> _newStranger = () => new RateGate(time, StrangerBurst);
    private readonly SharedPlaces _streams = new(0, 0, 0);
    private readonly Lock _entering = new();
    private SharedPermits? _places;
    private BytePace? _pace;

    public SharedPermits Requests { get; } = new(shares, time, tenant, "requests");

    /// <summary>Requests of administrators.</summary>
    public RateGate Administration { get; } = new(time);

    /// <summary>Logins for it.</summary>
    public RateGate AdministrationLogins { get; } = new(time);

    /// <summary>What its bytes keep to: one for all its transfers, which keep to another rate as soon as there is one.</summary>
    /// <param name="most">Bytes per second of the cluster.</param>
    public BytePace PaceOf(long most)
    {
        var pace = Volatile.Read(ref _pace);
        if (pace is null)
        {
            var units = new SharedPermits(shares, time, tenant, "bytes", isByLump: true);
            pace = Interlocked.CompareExchange(ref _pace, new BytePace(units, most, time), null) ?? _pace!;
        }

        pace.Most = most;
        return pace;
    }

    public SharedPermits OfIdentity(string identity) => caches.Identities.TryGet((tenant, identity), out var known)
        ? known
        : Add(caches.Identities, (tenant, identity), "identity", identity);

    public SharedPermits OfAddress(CallerAddress address) => caches.Addresses.TryGet((tenant, address), out var known)
        ? known
        : Add(caches.Addresses, (tenant, address), "address", address.ToString());

    /// <summary>What requests without a valid token take of the tenant, by their address.</summary>
    public RateGate OfStranger(CallerAddress address) => caches.Strangers.GetOrAdd((tenant, address), _newStranger);

    /// <summary>What requests with an anonymous token take of the tenant, by their address.</summary>
    public RateGate OfAnonymous(CallerAddress address) => caches.Anonymous.GetOrAdd((tenant, address), _newStranger);

    /// <summary>The identity that a user name stands for, as it was proved by a password last.</summary>
    public string? IdentityOf(string user) => caches.Names.TryGet((tenant, user), out var identity) ? identity : null;

    /// <summary>A user name was proved to be an identity's.</summary>
    public void Proved(string user, string identity) => caches.Names.Set((tenant, user), identity);

    /// <summary>
    /// Counts a stream in, if there is a place for it. A fifth of the places, from four on at least one, are the last ones: of these no
    /// caller gets more than are left, so that one alone has what the limit says within 20 %, and leaves some.
    /// </summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="most">Places in the whole cluster.</param>
    public async ValueTask<StreamLease?> Enter(CallerKey caller, int most)
    {
        if (shares.Gateways == 1)
        {
            Resize(most, most);
            return _streams.TryEnter(caller) ? new StreamLease(_streams, caller, null) : null;
        }

        var places = Places();
        if (await places.Take(most) > TimeSpan.Zero)
        {
            return null;
        }

        if (TryEnter(caller, places.Unused(most) + 1, most))
        {
            return new StreamLease(_streams, caller, places);
        }

        places.GiveBack();
        return null;
    }

    /// <summary>Two that were granted a place together have one each.</summary>
    private bool TryEnter(CallerKey caller, int unused, int most)
    {
        lock (_entering)
        {
            Resize(_streams.Used + Math.Max(1, Math.Min(unused, most - _streams.Used)), most);
            return _streams.TryEnter(caller);
        }
    }

    private void Resize(int places, int most) => _streams.Resize(places, most < 4 ? 0 : Math.Max(1, most / 5));

    /// <summary>Streams that are counted in now.</summary>
    public int Streams => _streams.Used;

    private SharedPermits Places() => Volatile.Read(ref _places)
        ?? Interlocked.CompareExchange(ref _places, new SharedPermits(shares, time, tenant, "streams", inUse: () => _streams.Used), null)
        ?? _places!;

    private SharedPermits Add<TKey>(WeighedCache<TKey, SharedPermits> cache, TKey key, string kind, string of)
        where TKey : notnull => cache.GetOrAdd(key, () => new SharedPermits(shares, time, tenant, kind, of));
}
