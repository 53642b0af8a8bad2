using System.Security.Cryptography;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>
/// Passwords that wait to be checked. Tenants take turns. In each, from where somebody has logged in of late they go first, but every
/// fourth turn is somebody else's, and addresses take turns. When all places are taken, who has many of them gives one up to who has few;
/// among equals chance decides: nobody keeps out others by coming first. Whose client has left has no place.
/// </summary>
/// <param name="atOnce">How many are checked at once.</param>
/// <param name="places">How many wait; of one address (the /48 of IPv6) a quarter.</param>
internal sealed class PasswordLine(int atOnce, int places = PasswordLine.MaxWaiting)
{
    /// <summary>Passwords that wait.</summary>
    internal const int MaxWaiting = 64;

    /// <summary>Those of one address (the /48 of IPv6).</summary>
    internal const int MaxOfCaller = MaxWaiting / Parts;

    private const int Parts = 4;

    private readonly Lock _gate = new();
    private readonly List<Waiter> _waiting = [];
    private readonly Dictionary<string, Share> _tenants = [];
    private readonly Dictionary<(string Tenant, CallerAddress Address), Share> _addresses = [];
    private int _running;
    private long _turn;

    /// <summary>
    /// Waits for its turn; <c>false</c> when there is no place to wait, or its client left before. Who got its turn says when it is done.
    /// </summary>
    public Task<bool> Enter(PasswordSource from, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            if (_running < atOnce && !cancellation.IsCancellationRequested)
            {
                _running++;
                return Task.FromResult(true);
            }

            if (cancellation.IsCancellationRequested || IsFullFor(from))
            {
                return Task.FromResult(false);
            }

            var waiter = new Waiter(from);
            _waiting.Add(waiter);
            Count(from, 1);
            waiter.Left = cancellation.UnsafeRegister(_ => Drop(waiter), null);
            return waiter.Turn.Task;
        }
    }

    /// <summary>Takes a turn that nobody wants now.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_running >= atOnce)
            {
                return false;
            }

            _running++;
            return true;
        }
    }

    /// <summary>Lets the next one have its turn.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
            {
                _running--;
                return;
            }

            var (tenant, turns) = _tenants.MinBy(one => one.Value.Turn);
            var isMixed = turns.Unknown > 0 && turns.Unknown < turns.Waiting;
            var known = isMixed ? turns.KnownInRow < Parts - 1 : turns.Unknown == 0;
            turns.KnownInRow = isMixed && known ? turns.KnownInRow + 1 : 0;
            var next = _waiting.Where(waiter => waiter.From.Tenant == tenant && waiter.From.IsKnown == known)
                .MinBy(waiter => _addresses[KeyOf(waiter.From)].Turn)!;
            turns.Turn = _addresses[KeyOf(next.From)].Turn = ++_turn;
            End(next, hasTurn: true);
        }
    }

    private bool IsFullFor(PasswordSource from) =>
        _waiting.Count(waiter => waiter.From.Address == from.Address) >= places / Parts || (_waiting.Count >= places && !MakeRoom(from));

    /// <summary>Of the tenant with most places, and there of the address with most, the last one that must leaves.</summary>
    private bool MakeRoom(PasswordSource comer)
    {
        var leaving = _waiting.Where(waiter => Yields(waiter.From, comer))
            .OrderBy(waiter => OfTenant(waiter.From)).ThenBy(waiter => OfAddress(waiter.From)).LastOrDefault() ?? EqualOf(comer);
        if (leaving is null)
        {
            return false;
        }

        End(leaving, hasTurn: false);
        return true;
    }

    /// <summary>
    /// Among the tenants, and in each among the addresses, places go from who has more to who has less; strangers keep some.
    /// </summary>
    private bool Yields(PasswordSource other, PasswordSource comer) =>
        other.Tenant != comer.Tenant ? OfTenant(other) > OfTenant(comer) + 1
        : other.IsKnown == comer.IsKnown ? OfAddress(other) > OfAddress(comer) + 1
        : comer.IsKnown ? _tenants[comer.Tenant].Unknown > places / Parts / Parts
        : _tenants[comer.Tenant].Unknown < places / Parts / Parts;

    /// <summary>One of those who have no more than the comer would have, every second time.</summary>
    private Waiter? EqualOf(PasswordSource comer)
    {
        var equals = _waiting.FindAll(waiter => waiter.From.Tenant != comer.Tenant
            ? OfTenant(waiter.From) > OfTenant(comer)
            : waiter.From.IsKnown == comer.IsKnown && OfAddress(waiter.From) > OfAddress(comer));
        return equals.Count > 0 && RandomNumberGenerator.GetInt32(2) == 0 ? equals[RandomNumberGenerator.GetInt32(equals.Count)] : null;
    }

    private void Drop(Waiter waiter)
    {
        lock (_gate)
        {
            if (_waiting.Contains(waiter))
            {
                End(waiter, hasTurn: false);
            }
        }
    }

    private void End(Waiter waiter, bool hasTurn)
    {
        _waiting.Remove(waiter);
        Count(waiter.From, -1);
        waiter.Left.Unregister();
        waiter.Turn.TrySetResult(hasTurn);
    }

    private void Count(PasswordSource from, int more)
    {
        Count(_tenants, from.Tenant, from, more);
        Count(_addresses, KeyOf(from), from, more);
    }

    /// <summary>Who begins to wait comes after all who wait: nobody is first again and again by waiting for one turn at a time.</summary>
    private void Count<T>(Dictionary<T, Share> shares, T key, PasswordSource from, int more)
        where T : notnull
    {
        if (!shares.TryGetValue(key, out var share))
        {
            shares[key] = share = new Share { Turn = ++_turn };
        }

        share.Waiting += more;
        share.Unknown += from.IsKnown ? 0 : more;
        if (share.Waiting == 0)
        {
            shares.Remove(key);
        }
    }

    private int OfTenant(PasswordSource from) => _tenants.GetValueOrDefault(from.Tenant)?.Waiting ?? 0;

    private int OfAddress(PasswordSource from) => _addresses.GetValueOrDefault(KeyOf(from))?.Waiting ?? 0;

    private static (string Tenant, CallerAddress Address) KeyOf(PasswordSource from) => (from.Tenant, from.Address);

    /// <summary>Of a tenant, or of an address in it.</summary>
    private sealed class Share
    {
        public int Waiting { get; set; }

        /// <summary>Of those, how many come from where nobody logged in of late.</summary>
        public int Unknown { get; set; }

        /// <summary>The last turn, or when it began to wait.</summary>
        public long Turn { get; set; }

        /// <summary>Turns of known addresses since one of another.</summary>
        public int KnownInRow { get; set; }
    }

    private sealed class Waiter(PasswordSource from)
    {
        public PasswordSource From => from;

        public TaskCompletionSource<bool> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CancellationTokenRegistration Left { get; set; }
    }
}
