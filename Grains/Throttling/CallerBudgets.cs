using BitFaster.Caching.Lru;

namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// Budgets of one kind of try, for each address and for all together. What is charged is given back when it was no guess. Nothing is
/// remembered of a try that was refused.
/// </summary>
/// <param name="burst">Tries of one address at once.</param>
/// <param name="perToken">After this time an address has one more.</param>
/// <param name="burstOfAll">Tries of all addresses at once.</param>
/// <param name="perTokenOfAll">After this time all together have one more.</param>
/// <param name="time">The time.</param>
internal sealed class CallerBudgets(int burst, TimeSpan perToken, int burstOfAll, TimeSpan perTokenOfAll, TimeProvider time)
{
    /// <summary>Addresses that are remembered.</summary>
    private const int Capacity = 20_000;

    private readonly ConcurrentLru<ThrottleKey, FailureBudget> _addresses = new(Capacity);
    private readonly FailureBudget _all = new(burstOfAll, perTokenOfAll, time);

    /// <summary>Charges a try; <c>false</c> when it comes too soon.</summary>
    public bool TryCharge(string address)
    {
        if (!_all.TryCharge())
        {
            return false;
        }

        if (_addresses.GetOrAdd(ThrottleKey.Of(AddressKey.Of(address)), _ => new FailureBudget(burst, perToken, time)).TryCharge())
        {
            return true;
        }

        _all.Return();
        return false;
    }

    /// <summary>Gives a try back.</summary>
    public void Return(string address)
    {
        _all.Return();
        if (_addresses.TryGet(ThrottleKey.Of(AddressKey.Of(address)), out var budget))
        {
            budget.Return();
        }
    }
}
