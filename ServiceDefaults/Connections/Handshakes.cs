using Microsoft.AspNetCore.Connections;
using RegistryProxy.Background;
using RegistryProxy.Protocol;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// The TLS handshakes of a listener. A client without a whole hello costs what it has sent. Behind the hello a handshake holds 65 KB, or
/// even 200 KB (a certificate of which only the head has come), so there are few at a time; of more, the oldest goes of the address that
/// has most, unless that is the address of the new one and it has not had its time: then the new one waits. Of those who wait the last is
/// the next, whose client is the likeliest to be still there.
/// </summary>
public sealed class Handshakes(TimeProvider time) : ITicking
{
    /// <summary>How many go on behind their hello at a time.</summary>
    public const int MaxCount = 256;

    /// <summary>
    /// How long one may take while others of the same address wait; less when those that succeed take less, at least
    /// <see cref="MinTimeWhenFull"/>.
    /// </summary>
    public static readonly TimeSpan MaxTimeWhenFull = TimeSpan.FromSeconds(1);

    /// <summary>How long one may take in any case, unless another address has fewer.</summary>
    public static readonly TimeSpan MinTimeWhenFull = TimeSpan.FromMilliseconds(250);

    /// <summary>How many times as long as the slowest of the last that succeeded.</summary>
    private const int Factor = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly ConnectionHolders<Handshake> _all = new();
    private readonly LinkedList<Handshake> _waiting = [];
    private ITimer? _timer;
    private TimeSpan _slowest = MaxTimeWhenFull;

    /// <summary>
    /// Waits for the hello and for a place. The handshake goes on if its <see cref="Handshake.Hello"/> is whole then, and is disposed of
    /// when it is done; else the connection is to be closed.
    /// </summary>
    public async ValueTask<Handshake> Begin(ConnectionContext connection)
    {
        var handshake = new Handshake(this, connection);
        await handshake.AwaitHello();
        if (handshake.Hello == HelloState.Whole && Enter(handshake) is { } turn)
        {
            var waiting = handshake.Waiting!;
            await using var end = connection.ConnectionClosed.UnsafeRegister(_ => waiting.TrySetResult(false), null);
            if (!await turn)
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

    /// <summary>One has succeeded: the slowest counts, and is forgotten with the next hundred.</summary>
    internal void Learn(Handshake handshake)
    {
        lock (_gate)
        {
            var taken = time.GetElapsedTime(handshake.Began);
            _slowest = taken > _slowest ? taken : _slowest - ((_slowest - taken) / 32);
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

    private TimeSpan TimeWhenFull =>
        TimeSpan.FromTicks(Math.Clamp(_slowest.Ticks * Factor, MinTimeWhenFull.Ticks, MaxTimeWhenFull.Ticks));

    /// <summary>One that makes room for another of this caller.</summary>
    private Handshake? TakeLate(CallerAddress caller)
    {
        var oldest = _all.FirstOfLargest!;
        if (_all.CountOf(oldest.Caller) <= _all.CountOf(caller) + 1 && time.GetElapsedTime(oldest.Connection.Began) < TimeWhenFull)
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

    private void Place(Handshake handshake)
    {
        handshake.Began = time.GetTimestamp();
        handshake.Place = _all.Add(handshake.Caller, handshake);
    }

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
