using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Authorization;

/// <summary>
/// Waits for the keys of tokens that were signed by one which is not known here yet. Anybody can name such a key: so many requests wait at
/// once, of one address and in all, and the others are told at once that their token is not valid.
/// </summary>
internal sealed class UnknownKeys(SnapshotRounds rounds, ClientAddress addresses)
{
    /// <summary>Requests that wait.</summary>
    internal const int MaxWaiting = 256;

    /// <summary>Those of one address (the /48 of IPv6).</summary>
    internal const int MaxOfCaller = 32;

    private readonly Lock _gate = new();
    private readonly Dictionary<CallerAddress, int> _callers = [];
    private int _waiting;

    /// <summary>A newer map than one that does not have a key; <c>null</c> when there is none, or no room to wait for it.</summary>
    public async ValueTask<FrontDoorMap?> Newer(FrontDoorMap map, HttpContext context)
    {
        var caller = CallerAddress.Of(addresses.Of(context)).Site;
        if (!Enter(caller))
        {
            return null;
        }

        try
        {
            return await rounds.Newer(map, context.RequestAborted);
        }
        finally
        {
            Leave(caller);
        }
    }

    private bool Enter(CallerAddress caller)
    {
        lock (_gate)
        {
            var own = _callers.GetValueOrDefault(caller);
            if (_waiting >= MaxWaiting || own >= MaxOfCaller)
            {
                return false;
            }

            (_callers[caller], _waiting) = (own + 1, _waiting + 1);
            return true;
        }
    }

    private void Leave(CallerAddress caller)
    {
        lock (_gate)
        {
            _waiting--;
            if (_callers[caller] == 1)
            {
                _callers.Remove(caller);
            }
            else
            {
                _callers[caller]--;
            }
        }
    }
}
