using BitFaster.Caching.Lru;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// How often administrators of a tenant read, check or change its part on one silo: a text may have a mebibyte, and each change makes
/// every silo put the configuration together anew. 20 changes and checks at once, then one in two seconds, of which a long text counts as
/// one for each 128 KiB more; readings of 4 MiB at once, then of 512 KiB a second, with 16 KiB for the least. Operators have no such bound.
/// </summary>
internal sealed class ConfigurationBudgets(TimeProvider time)
{
    /// <summary>Tenants that are remembered; some 400 bytes for one.</summary>
    private const int Capacity = 10_000;

    private const int Burst = 20;

    private const int CharactersOfChange = 128 * 1024;

    private const int ReadingBurst = 256;

    private static readonly TimeSpan PerChange = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan PerReading = TimeSpan.FromSeconds(1.0 / 32);

    private readonly ConcurrentLru<string, TenantBudget> _tenants = new(Capacity);

    /// <summary>Counts a change or a check; <c>false</c> when it comes too soon.</summary>
    public bool TryCharge(AdministrationCall call)
    {
        var more = (call.Request.Body?.Reveal().Length ?? 0) / CharactersOfChange;
        return call.By.IsOperator || Of(call).Changes.TryCharge(more, 1 + more);
    }

    /// <summary>
    /// Counts a reading, as if it were as long as the last one; <c>null</c> when it comes too soon. Its real length is charged when it is
    /// known, so that many at once are no more than those one after the other.
    /// </summary>
    public Reading? TryRead(AdministrationCall call)
    {
        if (call.By.IsOperator)
        {
            return new Reading(null, 0);
        }

        var budget = Of(call);
        var expected = budget.Weight;
        return budget.Readings.TryCharge(expected - 1, expected) ? new Reading(budget, expected) : null;
    }

    private TenantBudget Of(AdministrationCall call) => _tenants.GetOrAdd(call.Tenant, _ => new TenantBudget(time));

    /// <summary>A reading that was let through.</summary>
    /// <param name="budget">Of what it is charged; <c>null</c> for none.</param>
    /// <param name="expected">What it was charged.</param>
    internal sealed class Reading(TenantBudget? budget, int expected)
    {
        /// <summary>What of it is charged for each character.</summary>
        private const int CharactersOfOne = 16 * 1024;

        /// <summary>It was so long.</summary>
        public void End(int characters)
        {
            if (budget is not null)
            {
                budget.Weight = 1 + (characters / CharactersOfOne);
                budget.Readings.Return(expected - budget.Weight);
            }
        }
    }

    /// <summary>What is left to a tenant.</summary>
    internal sealed class TenantBudget(TimeProvider time)
    {
        public FailureBudget Changes { get; } = new(Burst, PerChange, time);

        public FailureBudget Readings { get; } = new(ReadingBurst, PerReading, time);

        /// <summary>Of the last reading; before the first, of the longest text.</summary>
        public int Weight { get; set; } = 1 + (1024 / 16);
    }
}
