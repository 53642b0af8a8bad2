using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Limits;

/// <summary>What one tenant uses of this gateway now.</summary>
internal sealed class TenantUse(string tenant, LimitShares shares, TimeProvider time)
{
    /// <summary>How many identities are told apart, and how many addresses.</summary>
    private const int Capacity = 10_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>What a shared rate weighs, in bytes.</summary>
    private const int RateWeight = 200;

    /// <summary>As much as an address without a token may ask for in this time it may ask for at once.</summary>
    private static readonly TimeSpan StrangerBurst = TimeSpan.FromSeconds(4);

    private readonly Lazy<WeighedCache<string, SharedRate>> _identities = new(
        () => new(Capacity, MaxBytes, static (identity, _) => TextWeight.Of(identity) + RateWeight));
    private readonly Lazy<WeighedCache<CallerAddress, SharedRate>> _addresses =
        new(() => new(Capacity, MaxBytes, static (_, _) => 64 + RateWeight));
    private readonly Lazy<WeighedCache<CallerAddress, RateGate>> _strangers = new(() => new(Capacity, MaxBytes, static (_, _) => 64));
    private readonly Lazy<WeighedCache<CallerAddress, RateGate>> _anonymous = new(() => new(Capacity, MaxBytes, static (_, _) => 64));
    private readonly Func<RateGate> _newStranger = () => new RateGate(time, StrangerBurst);
    private readonly Lazy<WeighedCache<string, string>> _names = new(
        () => new(Capacity, MaxBytes, static (name, identity) => TextWeight.Of(name) + TextWeight.Of(identity)));
    private readonly SharedPlaces _streams = new(0, 0, 0);
    private LimitShare? _places;

    public SharedRate Requests { get; } = new(new LimitShare(shares, tenant, "requests"), new RateGate(time));

    /// <summary>Requests of administrators.</summary>
    public RateGate Administration { get; } = new(time);

    /// <summary>Logins for it.</summary>
    public RateGate AdministrationLogins { get; } = new(time);

    public SharedRate Bytes { get; } = new(new LimitShare(shares, tenant, "bytes"), new RateGate(time));

    public SharedRate OfIdentity(string identity) => _identities.Value.TryGet(identity, out var known)
        ? known
        : Add(_identities.Value, identity, "identity", identity);

    public SharedRate OfAddress(CallerAddress address) => _addresses.Value.TryGet(address, out var known)
        ? known
        : Add(_addresses.Value, address, "address", address.ToString());

    /// <summary>What requests without a valid token take of the tenant, by their address.</summary>
    public RateGate OfStranger(CallerAddress address) => _strangers.Value.GetOrAdd(address, _newStranger);

    /// <summary>What requests with an anonymous token take of the tenant, by their address.</summary>
    public RateGate OfAnonymous(CallerAddress address) => _anonymous.Value.GetOrAdd(address, _newStranger);

    /// <summary>Who proved by a password last to be the identity that a user name stands for.</summary>
    public WeighedCache<string, string> Names => _names.Value;

    /// <summary>
    /// Counts a stream in, if there is a place for it. A fifth of the places, from four on at least one, are the last ones: of these no
    /// caller gets more than are left, so that one alone has what the limit says within 20 %, and leaves some.
    /// </summary>
    /// <param name="caller">Whose it is.</param>
    /// <param name="most">Places in the whole cluster.</param>
    public StreamLease? Enter(CallerKey caller, int most)
    {
        var share = Places();
        share.Demand(most, 0);
        var places = Math.Max(1, (int)Math.Round(share.Of(most)));
        _streams.Resize(places, places < 4 ? 0 : Math.Max(1, places / 5));
        if (_streams.TryEnter(caller))
        {
            return new StreamLease(_streams, caller);
        }

        share.Demand(most, 1);
        share.Starve();
        return null;
    }

    /// <summary>Streams that are counted in now.</summary>
    public int Streams => _streams.Used;

    private LimitShare Places() => Volatile.Read(ref _places)
        ?? Interlocked.CompareExchange(ref _places, new LimitShare(shares, tenant, "streams", inUse: () => _streams.Used), null)
        ?? _places!;

    private SharedRate Add<TKey>(WeighedCache<TKey, SharedRate> cache, TKey key, string kind, string of)
        where TKey : notnull => cache.GetOrAdd(key, () => new SharedRate(new LimitShare(shares, tenant, kind, of), new RateGate(time)));
}
