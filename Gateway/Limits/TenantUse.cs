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
    private readonly Func<RateGate> _newGate = () => new RateGate(time);
    private readonly Func<RateGate> _newStranger = () => new RateGate(time, StrangerBurst);
    private readonly Lazy<WeighedCache<string, string>> _names = new(
        () => new(Capacity, MaxBytes, static (name, identity) => TextWeight.Of(name) + TextWeight.Of(identity)));
    private int _streams;

    public RateGate Requests { get; } = new(time);

    public RateGate Bytes { get; } = new(time);

    public RateGate OfIdentity(string identity) => _identities.Value.GetOrAdd(identity, _newGate);

    public RateGate OfAddress(CallerAddress address) => _addresses.Value.GetOrAdd(address, _newGate);

    /// <summary>What requests without a valid token take of the tenant, by their address.</summary>
    public RateGate OfStranger(CallerAddress address) => _strangers.Value.GetOrAdd(address, _newStranger);

    /// <summary>Who proved by a password last to be the identity that a user name stands for.</summary>
    public WeighedCache<string, string> Names => _names.Value;

    /// <summary>Counts a stream in, unless there are as many as there may be.</summary>
    public bool TryBeginStream(int most)
    {
        if (Interlocked.Increment(ref _streams) <= most)
        {
            return true;
        }

        EndStream();
        return false;
    }

    public void EndStream() => Interlocked.Decrement(ref _streams);
}
