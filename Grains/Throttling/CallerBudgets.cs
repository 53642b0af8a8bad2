using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// Budgets of one kind of try: for each address, for the /48 of IPv6 addresses, and for all together. Of the last a tenth is left to those
/// who have not tried within an hour, and addresses that were good of late need none of it: some that try all the time keep nobody out.
/// What is charged is given back when it was no guess. Nothing is remembered of a try that was refused.
/// </summary>
/// <param name="burst">Tries of one address at once.</param>
/// <param name="perToken">After this time an address has one more.</param>
/// <param name="burstOfAll">Tries of all addresses at once.</param>
/// <param name="perTokenOfAll">After this time all together have one more.</param>
/// <param name="good">The addresses that were good.</param>
/// <param name="time">The time.</param>
internal sealed class CallerBudgets(
    int burst, TimeSpan perToken, int burstOfAll, TimeSpan perTokenOfAll, GoodAddresses good, TimeProvider time)
{
    /// <summary>Addresses that are remembered.</summary>
    private const int Capacity = 20_000;

    private static readonly TimeSpan NewAgain = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly ConcurrentLru<CallerAddress, Entry> _entries = new(Capacity);
    private readonly FailureBudget _all = new(burstOfAll, perTokenOfAll, time);

    /// <summary>How many addresses are remembered.</summary>
    internal int Count => _entries.Count;

    /// <summary>Charges a try; <c>null</c> when it comes too soon.</summary>
    /// <param name="tenant">The tenant, where the address may be a good one.</param>
    /// <param name="address">The client's address; empty when it is not known.</param>
    public CallerCharge? TryCharge(string tenant, string address)
    {
        var caller = CallerAddress.Of(address);
        lock (_gate)
        {
            var own = Find(caller, 1);
            var site = caller.HasSite ? Find(caller.Site, CallerAddress.MaxOfSite) : own;
            FailureBudget[] charged = caller.HasSite ? [own.Budget, site.Budget] : [own.Budget];
            if (!FailureBudget.TryChargeEach(charged))
            {
                return null;
            }

            if (_all.TryCharge(spare: IsNew(site) ? 0 : burstOfAll / 10))
            {
                charged = [.. charged, _all];
            }
            else if (!good.Has(tenant, caller))
            {
                FailureBudget.ReturnEach(charged);
                return null;
            }

            Keep(caller, own);
            Keep(caller.Site, site);
            return new CallerCharge(charged);
        }
    }

    private Entry Find(CallerAddress caller, int times) =>
        _entries.TryGet(caller, out var entry) ? entry : new Entry(new FailureBudget(burst * times, perToken / times, time));

    private bool IsNew(Entry entry) => entry.At is not { } at || time.GetElapsedTime(at) > NewAgain;

    private void Keep(CallerAddress caller, Entry entry)
    {
        if (entry.At is null)
        {
            _entries.AddOrUpdate(caller, entry);
        }

        entry.At = time.GetTimestamp();
    }

    private sealed class Entry(FailureBudget budget)
    {
        public FailureBudget Budget => budget;

        /// <summary>The last try that was charged.</summary>
        public long? At { get; set; }
    }
}

/// <summary>A try that was charged.</summary>
internal sealed class CallerCharge(FailureBudget[] charged)
{
    /// <summary>It was no guess, or nobody could say.</summary>
    public void Forgive() => FailureBudget.ReturnEach(charged);
}
