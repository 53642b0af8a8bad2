using BitFaster.Caching.Lru;
using Microsoft.AspNetCore.Http;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.ServiceDefaults.Admin;

/// <summary>
/// Slows who guesses the admin token, by address (of the client, where a trusted proxy names it). A few wrong ones are free, then each costs a
/// second: a try waits for its turn and is then looked at, and only when too many wait is it turned away. So nobody is ever locked out, the
/// right token gets in after seconds even from the address that guesses, and it costs nothing, however often it is used.
/// </summary>
public sealed class AdminGuesses(ClientAddress addresses, TimeProvider time)
{
    /// <summary>How many addresses are told apart; of more the ones that were quiet longest are forgotten.</summary>
    private const int Capacity = 10_000;

    /// <summary>How many tries of all addresses wait at a time.</summary>
    private const int MaxWaiting = 200;

    /// <summary>How long a try waits for its turn; one that would wait longer is turned away.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly ConcurrentLru<string, GuessBudget> _budgets = new(Capacity);
    private int _waiting;

    /// <summary>Looks at what a request brings, when it is its turn.</summary>
    /// <returns>Whether it is right; <c>null</c> when it was not looked at, since too many guesses come from there.</returns>
    public async ValueTask<bool?> Try(HttpContext context, Func<bool> isRight)
    {
        var budget = _budgets.GetOrAdd(ClientAddress.KeyOf(addresses.Of(context)), static (_, time) => new GuessBudget(time), time);
        if (!budget.TryTake(MaxWait, out var wait) || (wait > TimeSpan.Zero && !await Wait(wait, budget, context.RequestAborted)))
        {
            return null;
        }

        if (!isRight())
        {
            return false;
        }

        budget.GiveBack();
        return true;
    }

    private async ValueTask<bool> Wait(TimeSpan wait, GuessBudget budget, CancellationToken cancellation)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) <= MaxWaiting)
            {
                await Task.Delay(wait, time, cancellation);
                return true;
            }

            budget.GiveBack();
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
