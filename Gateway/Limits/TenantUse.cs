using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Limits;

/// <summary>What one tenant uses of this gateway now.</summary>
internal sealed class TenantUse(TimeProvider time)
{
    /// <summary>How many identities are told apart, and how many addresses.</summary>
    private const int Capacity = 10_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>As much as an address without a token may ask for in this time it may ask for at once.</summary>
    private static readonly TimeSpan StrangerBurst = TimeSpan.FromSeconds(4);

    private readonly Lazy<WeighedCache<string, RateGate>> _identities = new(
        () => new(Capacity, MaxBytes, static (identity, _) => TextWeight.Of(identity)));
    private readonly Lazy<WeighedCache<CallerAddress, RateGate>> _addresses = new(() => new(Capacity, MaxBytes, static (_, _) => 64));
    private readonly Lazy<WeighedCache<CallerAddress, RateGate>> _strangers = new(() => new(Capacity, MaxBytes, static (_, _) => 64));
    private readonly Lazy<WeighedCache<CallerAddress, RateGate>> _anonymous = new(() => new(Capacity, MaxBytes, static (_, _) => 64));
    private readonly Func<RateGate> _newGate = () => new RateGate(time);
    private readonly Func<RateGate> _newStranger = () => new RateGate(time, StrangerBurst);
    private readonly Lazy<WeighedCache<string, string>> _names = new(
        () => new(Capacity, MaxBytes, static (name, identity) => TextWeight.Of(name) + TextWeight.Of(identity)));
    private readonly SharedPlaces _streams = new(0, 0, 0);

    public RateGate Requests { get; } = new(time);

    public RateGate Bytes { get; } = new(time);

    public RateGate OfIdentity(string identity) => _identities.Value.GetOrAdd(identity, _newGate);

    public RateGate OfAddress(CallerAddress address) => _addresses.Value.GetOrAdd(address, _newGate);

    /// <summary>What requests without a valid token take of the tenant, by their address.</summary>
    public RateGate OfStranger(CallerAddress address) => _strangers.Value.GetOrAdd(address, _newStranger);

    /// <summary>What requests with an anonymous token take of the tenant, by their address.</summary>
    public RateGate OfAnonymous(CallerAddress address) => _anonymous.Value.GetOrAdd(address, _newStranger);

    /// <summary>Who proved by a password last to be the identity that a user name stands for.</summary>
    public WeighedCache<string, string> Names => _names.Value;

    /// <summary>
    /// Where streams are counted in. A fifth of the places, from four on at least one, are the last ones: of these no caller gets more than are
    /// left, so that one alone has what the limit says within 20 %, and leaves some.
    /// </summary>
    public SharedPlaces Streams(int most)
    {
        _streams.Resize(most, most < 4 ? 0 : Math.Max(1, most / 5));
        return _streams;
    }
}
