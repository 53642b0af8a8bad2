using BitFaster.Caching.Lru;

namespace RegistryProxy.Grains.Sessions.Throttling;

/// <summary>
/// Slows guessing down and nobody else: failures are budgeted per address, per account and in all. An address from which an account has
/// logged in before has a budget of its own for it, so that guesses made elsewhere, or beside it, lock nobody out; and an account that nobody
/// guesses at can still log in for the first time from an address whose budget is spent. Every budget fills again by itself.
/// </summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>Addresses, accounts and pairs that are remembered, each.</summary>
    private const int Capacity = 50_000;

    /// <summary>Tries of one address that are checked at the same time; others wait.</summary>
    private const int AtOnce = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentLru<string, Caller> _addresses = new(Capacity);
    private readonly ConcurrentLru<string, FailureBudget> _accounts = new(Capacity);
    private readonly ConcurrentLru<string, FailureBudget> _known = new(Capacity);
    private readonly FailureBudget _all = new(1200, TimeSpan.FromSeconds(0.1), time);

    /// <summary>Starts a try; <c>null</c> when it comes too soon.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="account">The user name, or the authenticator of credential text.</param>
    /// <param name="address">The client's address; empty when it is not known.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask<LoginAttempt?> Begin(string tenant, string account, string address, CancellationToken cancellation)
    {
        var who = $"{tenant}\0{account}";
        var from = AddressKey.Of(address);
        var pair = $"{who}\0{from}";
        if (_known.TryGet(pair, out var known))
        {
            return known.TryCharge() ? new LoginAttempt(() => { }, null, known) : null;
        }

        var caller = _addresses.GetOrAdd(from, _ => new Caller(time));
        if (Charge(caller, _accounts.GetOrAdd(who, _ => new FailureBudget(30, TimeSpan.FromSeconds(6), time))) is not { } charged)
        {
            return null;
        }

        if (!await caller.Gate.WaitAsync(Patience, cancellation))
        {
            charged.ForEach(budget => budget.Return());
            return null;
        }

        return new LoginAttempt(() => _known.AddOrUpdate(pair, new FailureBudget(10, TimeSpan.FromSeconds(6), time)), caller.Gate, [.. charged]);
    }

    private List<FailureBudget>? Charge(Caller caller, FailureBudget account)
    {
        var untouched = account.IsUntouched;
        if (!account.TryCharge())
        {
            return null;
        }

        if (caller.Failures.TryCharge())
        {
            if (_all.TryCharge())
            {
                return [account, caller.Failures, _all];
            }

            caller.Failures.Return();
        }

        if (untouched && caller.Spare.TryCharge())
        {
            return [account, caller.Spare];
        }

        account.Return();
        return null;
    }

    /// <summary>One address.</summary>
    private sealed class Caller(TimeProvider time)
    {
        public FailureBudget Failures { get; } = new(60, TimeSpan.FromSeconds(1), time);

        /// <summary>For accounts that nobody guesses at.</summary>
        public FailureBudget Spare { get; } = new(5, TimeSpan.FromSeconds(0.5), time);

        public SemaphoreSlim Gate { get; } = new(AtOnce);
    }
}
