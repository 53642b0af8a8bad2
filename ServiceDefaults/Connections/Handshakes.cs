using Microsoft.AspNetCore.Connections;
using RegistryProxy.Background;
using RegistryProxy.Protocol;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// The TLS handshakes of a listener. A client without a whole hello costs what it has sent. Behind the hello a handshake holds 65 KB, or
/// even 200 KB (a certificate of which only the head has come), so there are few at a time; of more, the oldest goes of the address that
/// has most, unless that is the address of the new one and it has not had its time: then the new one waits, and what it sends meanwhile is
/// bounded. Of those who wait the last is the next, whose client is the likeliest to be still there.
/// </summary>
public sealed class Handshakes(TimeProvider time) : ITicking
{
    /// <summary>
    /// How many go on behind their hello at a time: more than six hundred in a second from clients that answer within 100 ms.
    /// </summary>
    public const int MaxCount = 64;

    /// <summary>
    /// How long a handshake may wait for its client, in all, while others wait for a place; not its own processor time.
    /// </summary>
    public static readonly TimeSpan MaxTimeWhenFull = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly ConnectionHolders<Handshake> _all = new();
    private readonly LinkedList<Handshake> _waiting = [];
    private ITimer? _timer;

    /// <summary>
    /// Waits for the hello and for a place. The handshake goes on if its <see cref="Handshake.Hello"/> is whole then, and is disposed of
    /// when it is done; else the connection is to be closed.
    /// </summary>
    public async ValueTask<Handshake> Begin(ConnectionContext connection)
    {
        var handshake = new Handshake(this, connection, time);
        await handshake.AwaitHello();
        if (handshake.Hello == HelloState.Whole && Enter(handshake) is { } turn)
        {
            var waiting = handshake.Waiting!;
            await using var end = connection.ConnectionClosed.UnsafeRegister(_ => waiting.TrySetResult(false), null);
            if (await handshake.AwaitTurn(turn))
            {
                handshake.Advance();
            }
            else
            {
                handshake.Hello = HelloState.Incomplete;
                Leave(handshake);
            }
        }

        return handshake;
    }

    internal void Leave(Handshake handshake)
    {
        lock (_gate)
        {
            if (handshake.Turn is { List: not null } turn)
            {
                _waiting.Remove(turn);
                handshake.Waiting!.TrySetResult(false);
            }
            else if (handshake.Place is { } place)
            {
                _all.Remove(place);
                if (_all.Count < MaxCount && _waiting.Last is { } next)
                {
                    Admit(next);
                }
            }

            Watch();
        }
    }

    void ITicking.Tick()
    {
        var late = new List<Handshake>();
        lock (_gate)
        {
            while (_waiting.Last is { } next && TakeLate(next.Value.Caller) is { } one)
            {
                late.Add(one);
                Admit(next);
            }

            Watch();
        }

        late.ForEach(static one => one.GiveUp());
    }

    /// <summary>Takes a place, if need be another's; or what says when there is one, or that the connection has ended.</summary>
    private Task<bool>? Enter(Handshake handshake)
    {
        Handshake? late = null;
        lock (_gate)
        {
            if (_all.Count >= MaxCount && (late = TakeLate(handshake.Caller)) is null)
            {
                handshake.Waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
                handshake.Turn = _waiting.AddLast(handshake);
                Watch();
                return handshake.Waiting.Task;
            }

            Place(handshake);
        }

        late?.GiveUp();
        return null;
    }

    /// <summary>One that makes room for another of this caller.</summary>
    private Handshake? TakeLate(CallerAddress caller)
    {
        var oldest = _all.FirstOfLargest!;
        if (_all.CountOf(oldest.Caller) <= _all.CountOf(caller) + 1 && oldest.Connection.WaitedFor < MaxTimeWhenFull)
        {
            return null;
        }

        _all.Remove(oldest);
        return oldest.Connection;
    }

    private void Admit(LinkedListNode<Handshake> turn)
    {
        _waiting.Remove(turn);
        Place(turn.Value);
        turn.Value.Waiting!.TrySetResult(true);
    }

    private void Place(Handshake handshake) => handshake.Place = _all.Add(handshake.Caller, handshake);

    /// <summary>Looks for late ones while somebody waits.</summary>
    private void Watch()
    {
        if (_waiting.Count == 0)
        {
            _timer?.Dispose();
            _timer = null;
        }
        else
        {
            _timer ??= GuardedTimer.Start(time, this, Pause, Pause);
        }
    }
}
