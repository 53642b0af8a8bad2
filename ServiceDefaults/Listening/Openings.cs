using System.Net;
using Microsoft.AspNetCore.Connections;
using RegistryProxy.Background;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Connections;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// The connections of one listener that have not brought a request yet: those that say nothing, that stall in a PROXY header, in TLS, in
/// the preface of HTTP/2 or in their first head. Each has a deadline, and of too many the one goes, of the address that has most, that came
/// no step further for longest: clients with a request have made it by then, and an address with many connections loses its own.
/// </summary>
public sealed class Openings(TimeProvider time)
{
    /// <summary>How many there are at a time.</summary>
    public const int MaxCount = 2048;

    /// <summary>… of one address (the /48 of IPv6).</summary>
    public const int MaxOfCaller = MaxCount / 2;

    /// <summary>How long one may take. Longer than Kestrel gives a head, so that a slow one is told so.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(12);

    private readonly Lock _gate = new();
    private readonly ConnectionHolders<Opening> _all = new();

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _all.Count;
            }
        }
    }

    /// <summary>A connection was accepted; it is closed unless <see cref="Opening.End"/> is said in time.</summary>
    public Opening Begin(ConnectionContext connection)
    {
        var opening = new Opening(this, connection, time);
        Opening? oldest;
        lock (_gate)
        {
            var caller = CallerAddress.Of((connection.RemoteEndPoint as IPEndPoint)?.Address);
            opening.Place = _all.Add(caller, opening);
            oldest = Choose(caller);
        }

        oldest?.Expire();
        return opening;
    }

    internal void Remove(Opening opening)
    {
        lock (_gate)
        {
            if (opening.Place is { } place)
            {
                _all.Remove(place);
            }
        }
    }

    internal void Advance(Opening opening)
    {
        lock (_gate)
        {
            if (opening.Place is { } place)
            {
                _all.MoveToEnd(place);
            }
        }
    }

    internal void Move(Opening opening, IPAddress client)
    {
        Opening? oldest = null;
        lock (_gate)
        {
            if (opening.Place is { } place)
            {
                _all.Move(place, CallerAddress.Of(client));
                oldest = Choose(CallerAddress.Of(client));
            }
        }

        oldest?.Expire();
    }

    /// <summary>Takes out one that is too many.</summary>
    private Opening? Choose(CallerAddress caller)
    {
        var oldest = _all.CountOf(caller) > MaxOfCaller ? _all.FirstOf(caller) : _all.Count > MaxCount ? _all.FirstOfLargest : null;
        if (oldest is not null)
        {
            _all.Remove(oldest);
        }

        return oldest?.Connection;
    }
}

/// <summary>A connection of which nothing whole has come yet.</summary>
public sealed class Opening : IDisposable, ITicking, IConnectionProgress
{
    private readonly Openings _all;
    private readonly ConnectionContext _connection;
    private readonly ITimer _deadline;
    private int _over;

    internal Opening(Openings all, ConnectionContext connection, TimeProvider time)
    {
        (_all, _connection) = (all, connection);
        _deadline = GuardedTimer.Start(time, this, Openings.MaxTime, Timeout.InfiniteTimeSpan);
    }

    internal ConnectionHolders<Opening>.Place? Place { get; set; }

    /// <summary>It has said what it came for. May be told for every request.</summary>
    public void End()
    {
        if (Volatile.Read(ref _over) == 0)
        {
            TryEnd();
        }
    }

    /// <inheritdoc/>
    public void Advance() => _all.Advance(this);

    /// <summary>The connection has ended.</summary>
    public void Dispose() => End();

    /// <summary>Whether something whole has come, or the connection has ended.</summary>
    internal bool IsOver => Volatile.Read(ref _over) != 0;

    /// <summary>A load balancer said for whom it opened the connection.</summary>
    internal void BelongsTo(IPAddress client) => _all.Move(this, client);

    void ITicking.Tick() => Expire();

    internal void Expire()
    {
        if (TryEnd())
        {
            _connection.Abort(new ConnectionAbortedException("nothing was asked in time"));
        }
    }

    private bool TryEnd()
    {
        if (Interlocked.Exchange(ref _over, 1) != 0)
        {
            return false;
        }

        _deadline.Dispose();
        _all.Remove(this);
        return true;
    }
}
