using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// Addresses from which somebody of a tenant proved who they are of late: what strangers use up is not theirs to wait for. In another
/// tenant they are strangers.
/// </summary>
internal sealed class GoodAddresses(TimeProvider time)
{
    /// <summary>Addresses that are remembered.</summary>
    private const int Capacity = 20_000;

    /// <summary>For how long.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);

    private readonly ConcurrentLru<(string Tenant, CallerAddress Address), long> _seen = new(Capacity);

    /// <summary>Somebody of a tenant proved who they are.</summary>
    public void Remember(string tenant, string address) => _seen.AddOrUpdate((tenant, CallerAddress.Of(address)), time.GetTimestamp());

    public bool Has(string tenant, CallerAddress caller) => _seen.TryGet((tenant, caller), out var at) && time.GetElapsedTime(at) < MaxAge;
}
