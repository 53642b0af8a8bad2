using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>
/// Passwords that wait to be checked. From where somebody has logged in of late they go first; otherwise tenants take turns, and in each the
/// addresses. When all places are taken, who has many of them gives one up to who has few: nobody keeps out others by coming first.
/// </summary>
/// <param name="atOnce">How many are checked at once.</param>
internal sealed class PasswordLine(int atOnce)
{
    /// <summary>Passwords that wait.</summary>
    internal const int MaxWaiting = 64;

    /// <summary>Those of one address (the /48 of IPv6).</summary>
    internal const int MaxOfCaller = MaxWaiting / 4;

    /// <summary>Those of one tenant, of which none gives up its place to other tenants.</summary>
    internal const int MaxOfTenant = MaxWaiting / 4;

    private readonly Lock _gate = new();
    private readonly List<Waiter> _waiting = [];
    private readonly Dictionary<string, long> _tenantTurns = [];
    private readonly Dictionary<CallerAddress, long> _addressTurns = [];
    private int _running;
    private long _turn;

    /// <summary>Waits for its turn; <c>false</c> when there is no place to wait. Who got its turn says when it is done.</summary>
    public Task<bool> Enter(PasswordSource from)
    {
        lock (_gate)
        {
            if (_running < atOnce)
            {
                _running++;
                return Task.FromResult(true);
            }

            if (OfAddress(from) >= MaxOfCaller || (_waiting.Count >= MaxWaiting && !MakeRoom(from)))
            {
                return Task.FromResult(false);
            }

            var waiter = new Waiter(from);
            _waiting.Add(waiter);
            return waiter.Turn.Task;
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

            var known = _waiting.Exists(waiter => waiter.From.IsKnown);
            var next = _waiting.Where(waiter => waiter.From.IsKnown == known)
                .MinBy(waiter => (_tenantTurns.GetValueOrDefault(waiter.From.Tenant), _addressTurns.GetValueOrDefault(waiter.From.Address)))!;
            _tenantTurns[next.From.Tenant] = _addressTurns[next.From.Address] = ++_turn;
            End(next, hasTurn: true);
        }
    }

    private bool MakeRoom(PasswordSource comer)
    {
        var (ofTenant, ofAddress) = (OfTenant(comer), OfAddress(comer));
        var leaving = _waiting.Where(waiter => Yields(waiter.From))
            .OrderByDescending(waiter => waiter.From.IsKnown).ThenBy(waiter => OfAddress(waiter.From)).LastOrDefault();
        if (leaving is null)
        {
            return false;
        }

        End(leaving, hasTurn: false);
        return true;

        bool Yields(PasswordSource other) => (ofTenant < MaxOfTenant && OfTenant(other) > MaxOfTenant)
            || (comer.IsKnown && !other.IsKnown)
            || (comer.IsKnown == other.IsKnown && OfAddress(other) > ofAddress + 1);
    }

    private void End(Waiter waiter, bool hasTurn)
    {
        _waiting.Remove(waiter);
        if (OfTenant(waiter.From) == 0)
        {
            _tenantTurns.Remove(waiter.From.Tenant);
        }

        if (OfAddress(waiter.From) == 0)
        {
            _addressTurns.Remove(waiter.From.Address);
        }

        waiter.Turn.SetResult(hasTurn);
    }

    private int OfTenant(PasswordSource from) => _waiting.Count(waiter => waiter.From.Tenant == from.Tenant);

    private int OfAddress(PasswordSource from) => _waiting.Count(waiter => waiter.From.Address == from.Address);

    private sealed class Waiter(PasswordSource from)
    {
        public PasswordSource From => from;

        public TaskCompletionSource<bool> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
