using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// Slows guessing down and nobody else: failures are budgeted per address, per account and in all. An address from which an account has
/// logged in before has a budget of its own for it, so that guesses made elsewhere, or beside it, lock nobody out; and an account that
/// nobody guesses at can still log in for the first time from an address whose budget is spent. Every budget fills again by itself. Tries
/// of one address wait for each other, so that many at once are neither guesses nor refused. What is remembered has a fixed size, and
/// nothing is remembered of a try that was refused. What nobody could decide, since who must is away, is no guess, but an address may do so
/// only so often.
/// </summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>Addresses, accounts, pairs and parts that are remembered, each; some 600 bytes for one.</summary>
    private const int Capacity = 20_000;

    /// <summary>How long a try may wait for those before it.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    /// <summary>Tries of an address that nobody could decide, at once; one more comes back in a second.</summary>
    internal const int UndecidedBurst = 30;

    private readonly Lock _gate = new();
    private readonly ConcurrentLru<CallerAddress, Caller> _addresses = new(Capacity);
    private readonly ConcurrentLru<ThrottleKey, FailureBudget> _accounts = new(Capacity);
    private readonly ConcurrentLru<ThrottleKey, Acquaintance> _known = new(Capacity);
    private readonly ConcurrentLru<ThrottleKey, Part> _parts = new(Capacity);
    private readonly FailureBudget _all = new(1200, TimeSpan.FromSeconds(0.1), time);

    /// <summary>How many addresses, accounts, pairs and parts are remembered.</summary>
    internal int Count => _addresses.Count + _accounts.Count + _known.Count + _parts.Count;

    /// <summary>Starts a try to log in with a password; <c>null</c> when it comes too soon.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="user">The user name, of any length.</param>
    /// <param name="address">The client's address; empty when it is not known.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ValueTask<LoginAttempt?> Begin(string tenant, string user, string address, CancellationToken cancellation)
    {
        var caller = CallerAddress.Of(address);
        return Begin(new Try(caller, ThrottleKey.Of(tenant, user), ThrottleKey.Of(tenant, user, caller.ToString())), cancellation);
    }

    /// <summary>
    /// Starts a try to log in with credential text; <c>null</c> when it comes too soon. Nobody guesses that, and all machines share the
    /// name of the authenticator: what one address gets wrong counts for that address alone, and there for the part that must decide it.
    /// </summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="authenticator">The authenticator.</param>
    /// <param name="address">The client's address; empty when it is not known.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="part">A part of the authenticator; empty when it has but one.</param>
    public ValueTask<LoginAttempt?> BeginProof(
        string tenant, string authenticator, string address, CancellationToken cancellation, string part = "")
    {
        var caller = CallerAddress.Of(address);
        var pair = ThrottleKey.Of(tenant, "", authenticator, caller.ToString(), part);
        return Begin(new Try(caller, pair, pair, IsPart: part.Length > 0), cancellation);
    }

    /// <summary>
    /// Starts a try to log in as a robot; <c>null</c> when it comes too soon. A secret that was good from an address has a budget of its
    /// own there: guesses at the robot hold up nobody who has it, from the same address neither.
    /// </summary>
    public ValueTask<LoginAttempt?> BeginRobot(
        string tenant, string robot, Secret secret, string address, CancellationToken cancellation)
    {
        var caller = CallerAddress.Of(address);
        var pair = ThrottleKey.Of(tenant, "", "", robot, secret.Reveal(), caller.ToString());
        return Begin(new Try(caller, pair, pair), cancellation);
    }

    private async ValueTask<LoginAttempt?> Begin(Try one, CancellationToken cancellation)
    {
        if (Queue(one) is not { } queue || !await queue.Wait(Timeout, cancellation))
        {
            return null;
        }

        if (Charge(one) is { } charged)
        {
            return new LoginAttempt(() => _known.GetOrAdd(one.Pair, _ => new Acquaintance(time)), queue, charged);
        }

        queue.Leave();
        return null;
    }

    /// <summary>Where the try waits; <c>null</c> when there is nothing to wait for.</summary>
    private WaitingLine? Queue(Try one)
    {
        lock (_gate)
        {
            if (_known.TryGet(one.Pair, out var known))
            {
                return known.Line;
            }

            var account = _accounts.TryGet(one.Account, out var failures) ? failures : null;
            if (account is { IsSpent: true })
            {
                return null;
            }

            if (_addresses.TryGet(one.From, out var caller) && !one.IsPart)
            {
                return caller.Line;
            }

            return caller is not null || account is null or { IsUntouched: true } || !_all.IsSpent
                ? one.IsPart ? PartOf(one).Line : _addresses.GetOrAdd(one.From, _ => new Caller(1, time)).Line
                : null;
        }
    }

    private LoginCharge? Charge(Try one)
    {
        lock (_gate)
        {
            if (_known.TryGet(one.Pair, out var known))
            {
                return known.Charge() is { } own ? new LoginCharge(own, []) : null;
            }

            var caller = _addresses.GetOrAdd(one.From, _ => new Caller(1, time));
            var site = one.From.HasSite ? _addresses.GetOrAdd(one.From.Site, _ => new Caller(CallerAddress.MaxOfSite, time)) : null;
            var account = _accounts.TryGet(one.Account, out var failures) ? failures : new FailureBudget(30, TimeSpan.FromSeconds(6), time);
            FailureBudget[] undecided = one.IsPart ? [PartOf(one).Undecided]
                : site is null ? [caller.Undecided] : [caller.Undecided, site.Undecided];
            if (Array.Exists(undecided, budget => budget.IsSpent) || Charge(caller, site, account) is not { } charged)
            {
                return null;
            }

            if (failures is null)
            {
                _accounts.AddOrUpdate(one.Account, account);
            }

            return new LoginCharge(charged, undecided);
        }
    }

    private FailureBudget[]? Charge(Caller caller, Caller? site, FailureBudget account)
    {
        var untouched = account.IsUntouched;
        FailureBudget[] whole = site is null ? [account, caller.Failures, _all] : [account, caller.Failures, site.Failures, _all];
        if (FailureBudget.TryChargeEach(whole))
        {
            return whole;
        }

        FailureBudget[] spare = site is null ? [account, caller.Spare] : [account, caller.Spare, site.Spare];
        return untouched && FailureBudget.TryChargeEach(spare) ? spare : null;
    }

    private Part PartOf(Try one) => _parts.GetOrAdd(one.Pair, _ => new Part(time));

    /// <summary>Who tries what from where; of some, the pair is one of an address and a part of an authenticator.</summary>
    private readonly record struct Try(CallerAddress From, ThrottleKey Account, ThrottleKey Pair, bool IsPart = false);

    /// <summary>A part of an authenticator at an address: who waits for one holds up nobody who needs another.</summary>
    private sealed class Part(TimeProvider time)
    {
        public FailureBudget Undecided { get; } = new(UndecidedBurst, TimeSpan.FromSeconds(1), time);

        public WaitingLine Line { get; } = new(4);
    }

    /// <summary>One address, or the /48 of many.</summary>
    private sealed class Caller(int times, TimeProvider time)
    {
        public FailureBudget Failures { get; } = new(60 * times, TimeSpan.FromSeconds(1) / times, time);

        /// <summary>For accounts that nobody guesses at.</summary>
        public FailureBudget Spare { get; } = new(5 * times, TimeSpan.FromSeconds(0.5) / times, time);

        /// <summary>For tries that nobody could decide.</summary>
        public FailureBudget Undecided { get; } = new(UndecidedBurst * times, TimeSpan.FromSeconds(1) / times, time);

        public WaitingLine Line { get; } = new(4);
    }

    /// <summary>An account at an address from which it has logged in.</summary>
    private sealed class Acquaintance(TimeProvider time)
    {
        private readonly FailureBudget _failures = new(10, TimeSpan.FromSeconds(6), time);

        public WaitingLine Line { get; } = new(8);

        public FailureBudget[]? Charge() => _failures.TryCharge() ? [_failures] : null;
    }
}
