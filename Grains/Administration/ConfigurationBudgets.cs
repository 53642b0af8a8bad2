using BitFaster.Caching.Lru;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// How often administrators of a tenant check or change its part on one silo: a text may have a mebibyte, and each change makes every silo
/// put the configuration together anew. 20 at once, and one in two seconds.
/// </summary>
internal sealed class ConfigurationBudgets(TimeProvider time)
{
    /// <summary>Tenants that are remembered; some 200 bytes for one.</summary>
    private const int Capacity = 10_000;

    private const int Burst = 20;

    private static readonly TimeSpan PerChange = TimeSpan.FromSeconds(2);

    private readonly ConcurrentLru<string, FailureBudget> _tenants = new(Capacity);

    /// <summary>Counts one; <c>false</c> when it comes too soon.</summary>
    public bool TryCharge(string tenant) => _tenants.GetOrAdd(tenant, _ => new FailureBudget(Burst, PerChange, time)).TryCharge();
}
