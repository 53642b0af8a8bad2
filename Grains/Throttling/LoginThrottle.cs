using System.Runtime.InteropServices;
using System.Security.Cryptography;
using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// Slows guessing down and nobody else: failures are budgeted per address, per account and in all. An address from which an account has
/// logged in before has a budget of its own for it, so that guesses made elsewhere, or beside it, lock nobody out; and an account that
/// nobody guesses at can still log in for the first time from an address whose budget is spent. Credential text is not guessed: one that is
/// wrong is charged to itself, and to its address only where somebody else must be asked. Every budget fills again by itself. Tries
/// of one address wait for each other, so that many at once are neither guesses nor refused. What is remembered has a fixed size, and
/// nothing is remembered of a try that was refused. What nobody could decide, since who must is away, is no guess, but an address may do so
/// only so often.
/// </summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    /// <summary>Addresses, accounts, pairs, proofs and parts that are remembered, each; some 600 bytes for one.</summary>
    private const int Capacity = 20_000;

    /// <summary>How long a try may wait for those before it.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    /// <summary>Tries of an address that nobody could decide, at once; one more comes back in a second.</summary>
    internal const int UndecidedBurst = 30;

    private readonly Lock _gate = new();
    private readonly ConcurrentLru<CallerAddress, Caller> _addresses = new(Capacity);
    private readonly ConcurrentLru<ThrottleKey, FailureBudget> _accounts = new(Capacity);
    private readonly ConcurrentLru<ThrottleKey, Acquaintance> _known = new(Capacity);
    private readonly ConcurrentLru<ThrottleKey, FailureBudget> _proofs = new(Capacity);
    private readonly ConcurrentLru<ThrottleKey, WaitingLine> _parts = new(Capacity);
    private readonly FailureBudget _all = new(1200, TimeSpan.FromSeconds(0.1), time);

    /// <summary>How many addresses, accounts, pairs, proofs and parts are remembered.</summary>
    internal int Count => _addresses.Count + _accounts.Count + _known.Count + _proofs.Count + _parts.Count;

    /// <summary>Starts a try to log in with a password; <c>null</c> when it comes too soon.</summary>
    /// <param name="directory">Whose account it is: the tenant, or an authenticator that several have.</param>
    /// <param name="user">The user name as it was typed, of any length.</param>
    /// <param name="address">The client's address; empty when it is not known.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ValueTask<LoginAttempt?> Begin(string directory, string user, string address, CancellationToken cancellation)
    {
        var (caller, account) = (CallerAddress.Of(address), AccountName.Of(user));
        return Begin(
            new Try(caller, ThrottleKey.Of(directory, account)) { Pair = ThrottleKey.Of(directory, account, caller.ToString()) },
            cancellation);
    }

    /// <summary>
    /// Starts a try to log in with credential text; <c>null</c> when it comes too soon. Nobody guesses that, and all machines of a site
    /// share an address and the name of the authenticator: what one of them gets wrong holds up none that has another text.
    /// </summary>
    /// <param name="proof">What is shown.</param>
    /// <param name="address">The client's address; empty when it is not known.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public ValueTask<LoginAttempt?> BeginProof(ProofTry proof, string address, CancellationToken cancellation)
    {
        var caller = CallerAddress.Of(address);
        var key = ThrottleKey.Of(proof.Tenant, "", proof.Authenticator, caller.ToString(), proof.Part, proof.Text.Reveal());
        return Begin(
            new Try(caller, key)
            {
                IsProof = true,
                IsFree = proof.AsksNobody,
                Part = proof.Part.Length == 0 ? null
                    : ThrottleKey.Of(proof.Tenant, "", proof.Authenticator, caller.ToString(), proof.Part),
            },
            cancellation);
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
        return Begin(new Try(caller, pair) { Pair = pair }, cancellation);
    }

    private async ValueTask<LoginAttempt?> Begin(Try one, CancellationToken cancellation)
    {
        if (Queue(one) is not { } queue || !await queue.Wait(Timeout, cancellation))
        {
            return null;
        }

        if (Charge(one) is { } charged)
        {
            return new LoginAttempt(() => Remember(one), queue, charged);
        }

        queue.Leave();
        return null;
    }

    private void Remember(Try one)
    {
        if (one.Pair is { } pair)
        {
            _known.GetOrAdd(pair, _ => new Acquaintance(time));
        }
    }

    private Acquaintance? Known(Try one) => one.Pair is { } pair && _known.TryGet(pair, out var known) ? known : null;

    private ConcurrentLru<ThrottleKey, FailureBudget> AccountsOf(Try one) => one.IsProof ? _proofs : _accounts;

    /// <summary>Where the try waits; <c>null</c> when there is nothing to wait for.</summary>
    private WaitingLine? Queue(Try one)
    {
        lock (_gate)
        {
            if (Known(one) is { } known)
            {
                return known.Line;
            }

            var account = AccountsOf(one).TryGet(one.Account, out var failures) ? failures : null;
            if (account is { IsSpent: true })
            {
                return null;
            }

            if (one.Part is { } part)
            {
                return _parts.GetOrAdd(part, _ => new WaitingLine(4));
            }

            return _addresses.TryGet(one.From, out var caller) || account is null or { IsUntouched: true } || !_all.IsSpent
                ? (caller ?? _addresses.GetOrAdd(one.From, _ => new Caller(1, time))).Line
                : null;
        }
    }

    private LoginCharge? Charge(Try one)
    {
        lock (_gate)
        {
            if (Known(one) is { } known)
            {
                return known.Charge() is { } own ? new LoginCharge(own, []) : null;
            }

            var accounts = AccountsOf(one);
            var account = accounts.TryGet(one.Account, out var failures) ? failures : new FailureBudget(30, TimeSpan.FromSeconds(6), time);
            var charged = one.IsFree ? ChargeFree(account) : Charge(one.From, account);
            if (charged is not null && failures is null)
            {
                accounts.AddOrUpdate(one.Account, account);
            }

            return charged;
        }
    }

    /// <summary>Nobody but the silo is asked, so that what cannot be decided costs the same.</summary>
    private static LoginCharge? ChargeFree(FailureBudget account) =>
        account.TryCharge() ? new LoginCharge([account], [account]) : null;

    private LoginCharge? Charge(CallerAddress from, FailureBudget account)
    {
        var caller = _addresses.GetOrAdd(from, _ => new Caller(1, time));
        var site = from.HasSite ? _addresses.GetOrAdd(from.Site, _ => new Caller(CallerAddress.MaxOfSite, time)) : null;
        FailureBudget[] undecided = site is null ? [caller.Undecided] : [caller.Undecided, site.Undecided];
        return !Array.Exists(undecided, budget => budget.IsSpent) && Charge(caller, site, account) is { } charged
            ? new LoginCharge(charged, undecided)
            : null;
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

    /// <summary>Who tries what from where.</summary>
    private sealed record Try(CallerAddress From, ThrottleKey Account)
    {
        /// <summary>The account at the address, remembered once it has logged in there; <c>null</c> for what is not.</summary>
        public ThrottleKey? Pair { get; init; }

        /// <summary>The part of an authenticator at the address: who waits for one holds up nobody who needs another.</summary>
        public ThrottleKey? Part { get; init; }

        /// <summary>Whether the account is a text that is shown.</summary>
        public bool IsProof { get; init; }

        /// <summary>Whether a wrong one costs its address nothing.</summary>
        public bool IsFree { get; init; }
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

/// <summary>
/// What a budget is remembered by: sixteen bytes, however long the text of the client is, under a key of this process, so that nobody finds
/// two texts with one budget.
/// </summary>
internal readonly record struct ThrottleKey(UInt128 Value)
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    /// <summary>The key of a name in its parts.</summary>
    public static ThrottleKey Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Key);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in parts)
        {
            var bytes = MemoryMarshal.AsBytes(part.AsSpan());
            BitConverter.TryWriteBytes(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return new(MemoryMarshal.Read<UInt128>(digest));
    }
}

/// <summary>
/// Addresses from which somebody of a tenant proved who they are of late: what strangers use up is not theirs to wait for. In another
/// tenant they are strangers.
/// </summary>
internal sealed class GoodAddresses(TimeProvider time)
{
    /// <summary>Addresses that are remembered.</summary>
    private const int Capacity = 20_000;

    /// <summary>For how long.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(1);

    private readonly ConcurrentLru<(string Tenant, CallerAddress Address), long> _seen = new(Capacity);

    /// <summary>Somebody of a tenant proved who they are.</summary>
    public void Remember(string tenant, string address) => _seen.AddOrUpdate((tenant, CallerAddress.Of(address)), time.GetTimestamp());

    public bool Has(string tenant, CallerAddress caller) => _seen.TryGet((tenant, caller), out var at) && time.GetElapsedTime(at) < MaxAge;
}
