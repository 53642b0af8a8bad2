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

/// <summary>Lets so many tries go on at once; of the others so many wait, and who comes then is refused.</summary>
internal sealed class WaitingLine(int atOnce)
{
    /// <summary>Tries that wait.</summary>
    private const int MaxWaiting = 1024;

    private SemaphoreSlim Places { get; } = new(atOnce);
    private int _waiting;

    /// <summary>Waits for a place; <c>false</c> when there is none in time.</summary>
    public async ValueTask<bool> Wait(TimeSpan timeout, CancellationToken cancellation)
    {
        if (Places.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            return true;
        }

        if (Interlocked.Increment(ref _waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }

        try
        {
            return await Places.WaitAsync(timeout, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Gives the place to the next.</summary>
    public void Leave() => Places.Release();
}

/// <summary>A try that was charged; disposing it lets the next one of the same address begin.</summary>
/// <param name="remember">Remembers who succeeded.</param>
/// <param name="line">Where others wait.</param>
/// <param name="charge">What was charged.</param>
internal sealed class LoginAttempt(Action remember, WaitingLine line, LoginCharge charge) : IDisposable
{
    /// <summary>It was no guess: what was charged is given back.</summary>
    public void Succeed()
    {
        Forgive();
        remember();
    }

    /// <summary>It was not looked at.</summary>
    public void Forgive() => FailureBudget.ReturnEach(charge.Failures);

    /// <summary>
    /// Nobody could say whether it was a guess: it is none of the account, and one of so many that its address may leave undecided.
    /// </summary>
    public void Leave()
    {
        Forgive();
        foreach (var budget in charge.Undecided)
        {
            budget.TryCharge();
        }
    }

    public void Dispose() => line.Leave();
}

/// <summary>What a try costs.</summary>
/// <param name="Failures">What was charged for it, in case it is a guess.</param>
/// <param name="Undecided">What is charged instead when nobody can say whether it is one.</param>
internal readonly record struct LoginCharge(FailureBudget[] Failures, FailureBudget[] Undecided);
