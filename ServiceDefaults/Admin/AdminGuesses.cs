using BitFaster.Caching.Lru;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.ServiceDefaults.Admin;

/// <summary>
/// Slows who guesses the admin token, by address (of the client, where a trusted proxy names it). A few wrong ones are free, then each
/// costs a second: a try waits for its turn and is then looked at, and only when too many wait is it turned away. So nobody is ever locked
/// out, the right token gets in after seconds even from the address that guesses, and it costs nothing, however often it is used. From
/// where it was right before a try never finds too many waiting.
/// </summary>
public sealed class AdminGuesses(ClientAddress addresses, TimeProvider time)
{
    /// <summary>How many addresses are told apart; of more the ones that were quiet longest are forgotten.</summary>
    private const int Capacity = 10_000;

    /// <summary>How many tries of all addresses wait at a time.</summary>
    private const int MaxWaiting = 200;

    /// <summary>How long a try waits for its turn; one that would wait longer is turned away.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly ConcurrentLru<CallerAddress, GuessBudget> _budgets = new(Capacity);
    private readonly ConcurrentLru<CallerAddress, bool> _good = new(Capacity);
    private int _waiting;

    /// <summary>Looks at what a request brings, when it is its turn.</summary>
    /// <returns>Whether it is right; <c>null</c> when it was not looked at, since too many guesses come from there.</returns>
    public async ValueTask<bool?> Try(HttpContext context, Func<bool> isRight)
    {
        var caller = CallerAddress.Of(addresses.Of(context));
        var isGood = _good.TryGet(caller, out _);
        var budgets = BudgetsOf(caller, isGood);
        if (!TryTake(budgets, out var wait) || (wait > TimeSpan.Zero && !await Wait(wait, budgets, isGood, context.RequestAborted)))
        {
            return null;
        }

        if (!isRight())
        {
            return false;
        }

        GiveBack(budgets);
        _good.AddOrUpdate(caller, true);
        return true;
    }

    /// <summary>An address that was right before does not answer for others of its network.</summary>
    private GuessBudget[] BudgetsOf(CallerAddress caller, bool isGood) =>
        caller.HasSite && !isGood ? [BudgetOf(caller, 1), BudgetOf(caller.Site, CallerAddress.MaxOfSite)] : [BudgetOf(caller, 1)];

    private GuessBudget BudgetOf(CallerAddress caller, int times) => _budgets.GetOrAdd(caller, _ => new GuessBudget(times, time));

    private static bool TryTake(GuessBudget[] budgets, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        for (var i = 0; i < budgets.Length; i++)
        {
            if (!budgets[i].TryTake(MaxWait, out var longer))
            {
                GiveBack(budgets.AsSpan(0, i));
                return false;
            }

            wait = longer > wait ? longer : wait;
        }

        return true;
    }

    private static void GiveBack(ReadOnlySpan<GuessBudget> budgets)
    {
        foreach (var budget in budgets)
        {
            budget.GiveBack();
        }
    }

    private async ValueTask<bool> Wait(TimeSpan wait, GuessBudget[] budgets, bool isGood, CancellationToken cancellation)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) <= MaxWaiting || isGood)
            {
                await Task.Delay(wait, time, cancellation);
                return true;
            }

            GiveBack(budgets);
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
