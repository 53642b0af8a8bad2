namespace RegistryProxy.Grains.Throttling;

/// <summary>A try that was charged; disposing it lets the next one of the same address begin.</summary>
internal sealed class LoginAttempt(Action remember, WaitingLine line, FailureBudget[] charged) : IDisposable
{
    /// <summary>It was no guess: what was charged is given back.</summary>
    public void Succeed()
    {
        Forgive();
        remember();
    }

    /// <summary>Nobody could say whether it was one.</summary>
    public void Forgive()
    {
        FailureBudget.ReturnEach(charged);
    }

    public void Dispose() => line.Leave();
}
