namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// A token bucket for failures: a try is charged before it is made and given back when it succeeds, so that many at once cannot slip
/// through and who succeeds pays nothing.
/// </summary>
internal sealed class FailureBudget(int burst, TimeSpan perToken, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _tokens = burst;
    private long _since = time.GetTimestamp();

    /// <summary>Whether nothing has failed for as long as the bucket takes to fill.</summary>
    public bool IsUntouched
    {
        get
        {
            lock (_gate)
            {
                Refill();
                return _tokens >= burst;
            }
        }
    }

    /// <summary>Whether nothing is left.</summary>
    public bool IsSpent
    {
        get
        {
            lock (_gate)
            {
                Refill();
                return _tokens < 1;
            }
        }
    }

    /// <summary>Charges one try to each, or none to any.</summary>
    public static bool TryChargeEach(params ReadOnlySpan<FailureBudget> budgets)
    {
        for (var i = 0; i < budgets.Length; i++)
        {
            if (!budgets[i].TryCharge())
            {
                ReturnEach(budgets[..i]);
                return false;
            }
        }

        return true;
    }

    /// <summary>Gives one try back to each.</summary>
    public static void ReturnEach(params ReadOnlySpan<FailureBudget> budgets)
    {
        foreach (var budget in budgets)
        {
            budget.Return();
        }
    }

    /// <summary>
    /// Charges one try, or <paramref name="count"/>; <c>false</c> when there is nothing left, or not more than <paramref name="spare"/>.
    /// </summary>
    public bool TryCharge(int spare = 0, int count = 1)
    {
        lock (_gate)
        {
            Refill();
            if (_tokens < 1 + spare)
            {
                return false;
            }

            _tokens -= count;
            return true;
        }
    }

    /// <summary>Gives one try back, or as many; fewer than none are charged, whatever is left.</summary>
    public void Return(int count = 1)
    {
        lock (_gate)
        {
            _tokens = Math.Min(burst, _tokens + count);
        }
    }

    private void Refill()
    {
        var now = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_since, now) / perToken));
        _since = now;
    }
}
