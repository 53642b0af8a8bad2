using System.Net;
using Microsoft.AspNetCore.Connections;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Connections;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// All connections of one listener. Of too many, in all or of one address, one goes that no request is running on: of the address that has
/// most, and rather one that nothing came by for longest. Connections that are at work stay.
/// </summary>
public sealed class OpenConnections(RunningRequests running)
{
    /// <summary>Connections above which idle ones go.</summary>
    public const int MaxCount = 10_000;

    /// <summary>Connections of one address (the /48 of IPv6) above which idle ones of it go.</summary>
    public const int MaxOfCaller = MaxCount / 4;

    /// <summary>How many are looked at for one that comes.</summary>
    private const int Looks = 64;

    private readonly Lock _gate = new();
    private readonly ConnectionHolders<OpenConnection> _all = new();

    internal RunningRequests Running => running;

    /// <summary>A connection was accepted; it is disposed of at its end.</summary>
    /// <param name="opening">Until it is over the connection has a deadline of its own, and does not go here.</param>
    public OpenConnection Add(ConnectionContext connection, Opening opening)
    {
        var open = new OpenConnection(this, connection, opening);
        OpenConnection? idle;
        lock (_gate)
        {
            var caller = CallerAddress.Of((connection.RemoteEndPoint as IPEndPoint)?.Address);
            open.Place = _all.Add(caller, open);
            idle = Choose(caller);
        }

        idle?.Abort();
        return open;
    }

    internal void Remove(OpenConnection open)
    {
        lock (_gate)
        {
            _all.Remove(open.Place!);
        }
    }

    internal void Move(OpenConnection open, IPAddress client)
    {
        OpenConnection? idle;
        lock (_gate)
        {
            _all.Move(open.Place!, CallerAddress.Of(client));
            idle = Choose(CallerAddress.Of(client));
        }

        idle?.Abort();
    }

    private OpenConnection? Choose(CallerAddress caller)
    {
        var isOfCaller = _all.CountOf(caller) > MaxOfCaller;
        if (!isOfCaller && _all.Count <= MaxCount)
        {
            return null;
        }

        OpenConnection? used = null;
        for (var looks = 0; looks < Looks; looks++)
        {
            var place = (isOfCaller ? _all.FirstOf(caller) : _all.FirstOfLargest)!;
            if (place.Connection.TakeUsed())
            {
                used ??= place.Connection;
            }
            else if (place.Connection.TryRetire())
            {
                _all.Remove(place);
                return place.Connection;
            }

            _all.MoveToEnd(place);
        }

        if (used?.TryRetire() != true)
        {
            return null;
        }

        _all.Remove(used.Place!);
        return used;
    }
}

/// <summary>One connection, and how many requests are running on it.</summary>
public sealed class OpenConnection : IDisposable
{
    private readonly OpenConnections _all;
    private readonly ConnectionContext _connection;
    private readonly Opening _opening;

    /// <summary>Negative once it is given up.</summary>
    private int _running;
    private bool _isUsed;

    internal OpenConnection(OpenConnections all, ConnectionContext connection, Opening opening) =>
        (_all, _connection, _opening) = (all, connection, opening);

    internal ConnectionHolders<OpenConnection>.Place? Place { get; set; }

    /// <summary>A request begins; <c>false</c> when the connection is given up.</summary>
    public bool TryBegin()
    {
        if (Interlocked.Increment(ref _running) <= 0)
        {
            return false;
        }

        _all.Running.Begin();
        return true;
    }

    /// <summary>A request that began is answered.</summary>
    public void End()
    {
        Volatile.Write(ref _isUsed, true);
        Interlocked.Decrement(ref _running);
        _all.Running.End();
    }

    /// <summary>The connection has ended.</summary>
    public void Dispose() => _all.Remove(this);

    /// <summary>A load balancer said for whom it opened the connection.</summary>
    internal void BelongsTo(IPAddress client) => _all.Move(this, client);

    /// <summary>Whether a request ended since this was asked last.</summary>
    internal bool TakeUsed()
    {
        var used = Volatile.Read(ref _isUsed);
        Volatile.Write(ref _isUsed, false);
        return used;
    }

    /// <summary>Gives it up, unless a request is running or the first has yet to come.</summary>
    internal bool TryRetire() => _opening.IsOver && Interlocked.CompareExchange(ref _running, int.MinValue / 2, 0) == 0;

    internal void Abort() => _connection.Abort(new ConnectionAbortedException("idle, and there are too many connections"));
}
