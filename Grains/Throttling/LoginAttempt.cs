namespace RegistryProxy.Grains.Throttling;

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
