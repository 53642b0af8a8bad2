using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// Slows down who goes on showing tokens that the cluster sealed and that have ended: each one costs a call of a grain. What an address
/// showed counts for that address alone, and there for that token; many different ones of one grain count together, since only the grain is
/// sealed. So a program that was not told of the end holds up nobody else behind its address. Refusals alone are charged, after the fact:
/// good tokens may come as many at once as they like.
/// </summary>
internal sealed class EndedTokens(TimeProvider time)
{
    /// <summary>Tokens, and grains, that addresses showed; some 300 bytes for one.</summary>
    private const int Capacity = 20_000;

    /// <summary>How often one may be shown at once; one more time comes back in a second.</summary>
    internal const int Burst = 60;

    /// <summary>How many times that all of one grain may be.</summary>
    internal const int MaxOfGrain = 10;

    private readonly ConcurrentLru<ThrottleKey, FailureBudget> _shown = new(Capacity);

    /// <summary>How many are remembered.</summary>
    internal int Count => _shown.Count;

    /// <summary>Whether the address has to wait before it shows this one.</summary>
    /// <param name="grain">The key of the grain that the seal is for.</param>
    /// <param name="name">What the token names in it.</param>
    /// <param name="address">The client's address; empty when it is not known.</param>
    public bool AreTooMany(string grain, string name, string address)
    {
        var (one, all) = KeysOf(grain, name, address);
        return (_shown.TryGet(all, out var budget) && budget.IsSpent) || (_shown.TryGet(one, out budget) && budget.IsSpent);
    }

    /// <summary>It was shown, and has ended.</summary>
    public void Charge(string grain, string name, string address)
    {
        var (one, all) = KeysOf(grain, name, address);
        _shown.GetOrAdd(one, _ => new FailureBudget(Burst, TimeSpan.FromSeconds(1), time)).TryCharge();
        _shown.GetOrAdd(all, _ => new FailureBudget(Burst * MaxOfGrain, TimeSpan.FromSeconds(1) / MaxOfGrain, time)).TryCharge();
    }

    private static (ThrottleKey One, ThrottleKey All) KeysOf(string grain, string name, string address)
    {
        var site = CallerAddress.Of(address).Site.ToString();
        return (ThrottleKey.Of(grain, site, name), ThrottleKey.Of(grain, site));
    }
}
