using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Throttling;

/// <summary>Addresses from which somebody proved who they are of late: what strangers use up is not theirs to wait for.</summary>
internal sealed class GoodAddresses(TimeProvider time)
{
    /// <summary>Addresses that are remembered.</summary>
    private const int Capacity = 20_000;

    /// <summary>For how long.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);

    private readonly ConcurrentLru<CallerAddress, long> _seen = new(Capacity);

    /// <summary>Somebody proved who they are.</summary>
    public void Remember(string address) => _seen.AddOrUpdate(CallerAddress.Of(address), time.GetTimestamp());

    public bool Has(CallerAddress caller) => _seen.TryGet(caller, out var at) && time.GetElapsedTime(at) < MaxAge;
}
