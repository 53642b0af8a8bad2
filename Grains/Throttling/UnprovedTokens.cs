namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// Slows down who shows tokens without the cluster's seal, as versions before this one made them: each may name a grain that is there for
/// nobody. One that is good costs nothing.
/// </summary>
internal sealed class UnprovedTokens(GoodAddresses good, TimeProvider time)
{
    private readonly CallerBudgets _budgets = new(60, TimeSpan.FromSeconds(1), 1000, TimeSpan.FromSeconds(0.1), good, time);

    /// <summary>Whether the grain may be asked: <c>null</c> when it may not.</summary>
    public CallerCharge? TryCharge(string tenant, string address) => _budgets.TryCharge(tenant, address);
}
