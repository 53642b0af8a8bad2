namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// Slows down who shows tokens without the cluster's seal, as versions before this one made them: each may name a grain that is there for
/// nobody. One that is good costs nothing.
/// </summary>
internal sealed class UnprovedTokens(TimeProvider time)
{
    private readonly CallerBudgets _budgets = new(60, TimeSpan.FromSeconds(1), 1000, TimeSpan.FromSeconds(0.1), time);

    /// <summary>Whether the grain may be asked.</summary>
    public bool MayAsk(string address) => _budgets.TryCharge(address);

    /// <summary>It was a good one, or nobody could say.</summary>
    public void WasGood(string address) => _budgets.Return(address);
}
