using RegistryProxy.Gateway.Fairness;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// How many requests of callers without a login wait for one account, for its rate limit or for a place: of each address and of all
/// together, since addresses cost nothing. Each keeps a connection with what its client sent behind it.
/// </summary>
internal sealed class WaitingStrangers
{
    /// <summary>Those of one address (the /48 of IPv6).</summary>
    public const int MaxOfCaller = 1000;

    /// <summary>Those of all addresses.</summary>
    public const int MaxWaiting = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<CallerKey, int> _waiting = [];
    private int _all;

    /// <summary>One more begins to wait; <c>false</c> when too many do. Who is logged in is not counted here.</summary>
    public bool TryEnter(CallerKey caller)
    {
        if (caller.Identity is not null)
        {
            return true;
        }

        lock (_gate)
        {
            var own = _waiting.GetValueOrDefault(caller);
            if (own >= MaxOfCaller || _all >= MaxWaiting)
            {
                return false;
            }

            _waiting[caller] = own + 1;
            _all++;
            return true;
        }
    }

    /// <summary>One that entered waits no longer.</summary>
    public void Leave(CallerKey caller)
    {
        if (caller.Identity is not null)
        {
            return;
        }

        lock (_gate)
        {
            _all--;
            if (--_waiting[caller] == 0)
            {
                _waiting.Remove(caller);
            }
        }
    }
}
