using BitFaster.Caching.Lru;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// How often administrators of a tenant revoke on one silo: each revocation is told to every gateway and waited for, and what gateways
/// remember of all tenants' changes has an end. 100 at once, and 10 a second.
/// </summary>
internal sealed class RevocationBudgets(TimeProvider time)
{
    /// <summary>Tenants that are remembered; some 200 bytes for one.</summary>
    private const int Capacity = 10_000;

    private const int Burst = 100;

    private static readonly TimeSpan PerRevocation = TimeSpan.FromSeconds(0.1);

    private readonly ConcurrentLru<string, FailureBudget> _tenants = new(Capacity);
    private readonly ConcurrentLru<string, FailureBudget> _changes = new(Capacity);

    /// <summary>Counts one; <c>false</c> when it comes too soon.</summary>
    public bool TryCharge(string tenant) => _tenants.GetOrAdd(tenant, _ => New()).TryCharge();

    /// <summary>Counts a robot that is made or gets another secret, apart: whoever makes many can still revoke them.</summary>
    public bool TryChargeChange(string tenant) => _changes.GetOrAdd(tenant, _ => New()).TryCharge();

    private FailureBudget New() => new(Burst, PerRevocation, time);
}
