using BitFaster.Caching.Lru;

namespace RegistryProxy.Grains.Sessions.Throttling;

/// <summary>
/// Slows guessing down and nobody else: failures are budgeted per address, per account and in all. An address from which an account has
/// logged in before has a budget of its own for it, so that guesses made elsewhere, or beside it, lock nobody out; and an account that nobody
/// guesses at can still log in for the first time from an address whose budget is spent. Every budget fills again by itself. Tries of one
/// address wait for each other, so that many at once are neither guesses nor refused.
/// </summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>Addresses, accounts and pairs that are remembered, each.</summary>
    private const int Capacity = 50_000;

    /// <summary>How long a try may wait for those before it; a login takes 5 s at most.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    private readonly ConcurrentLru<string, Caller> _addresses = new(Capacity);
    private readonly ConcurrentLru<string, FailureBudget> _accounts = new(Capacity);
    private readonly ConcurrentLru<string, Acquaintance> _known = new(Capacity);
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
        var caller = _addresses.GetOrAdd(from, _ => new Caller(time));
        var failures = _accounts.GetOrAdd(who, _ => new FailureBudget(30, TimeSpan.FromSeconds(6), time));
        var gate = _known.TryGet(pair, out var known) ? known.Gate : failures.IsSpent ? null : caller.Gate;
        if (gate is null || !await gate.WaitAsync(Patience, cancellation))
        {
            return null;
        }

        var charged = _known.TryGet(pair, out known) ? known.Charge() : Charge(caller, failures);
        if (charged is null)
        {
            gate.Release();
            return null;
        }

        return new LoginAttempt(() => _known.GetOrAdd(pair, _ => new Acquaintance(time)), gate, charged);
    }

    private FailureBudget[]? Charge(Caller caller, FailureBudget account)
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

        public SemaphoreSlim Gate { get; } = new(4);
    }

    /// <summary>An account at an address from which it has logged in.</summary>
    private sealed class Acquaintance(TimeProvider time)
    {
        private readonly FailureBudget _failures = new(10, TimeSpan.FromSeconds(6), time);

        public SemaphoreSlim Gate { get; } = new(8);

        public FailureBudget[]? Charge() => _failures.TryCharge() ? [_failures] : null;
    }
}
