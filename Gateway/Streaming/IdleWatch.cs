using RegistryProxy.Background;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// Ends a transfer on which nothing moves any more, or too little. Idle, not total: every step starts it again, which costs one write.
/// </summary>
internal sealed class IdleWatch : ITicking, IDisposable
{
    /// <summary>What five minutes must bring on the way to a client, in bytes: a kilobyte a second.</summary>
    private const int MinBytesPerPeriod = 300 * 1024;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(5);

    private readonly int _least;
    private readonly CancellationTokenSource _end;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _moved;
    private long _total;
    private long _periodBegan;
    private long _totalBefore;
    private int _brought;
    private bool _rests;

    /// <param name="least">What a minute must bring, in bytes, unless it is the end.</param>
    public IdleWatch(TimeProvider time, CancellationToken cancellation, int least = 1)
    {
        (_time, _moved, _periodBegan, _least) = (time, time.GetTimestamp(), time.GetTimestamp(), least);
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _timer = GuardedTimer.Start(time, this, Limit, Limit / 6);
    }

    /// <summary>Whether five minutes must bring a kilobyte a second; not where it is this server that slows it down.</summary>
    public bool HasRate { get; init; }

    /// <summary>Whether this server holds the transfer back, so that nothing can move; <c>null</c> where it never does.</summary>
    public Func<bool>? IsHeldBack { get; init; }

    /// <summary>Counts what is sent to the client of an answer; <c>null</c> where none is.</summary>
    public SentBody? Body { get; init; }

    /// <summary>Cancelled when nothing moved for a minute, or with the token that was given.</summary>
    public CancellationToken Token => _end.Token;

    /// <summary>So many bytes were sent.</summary>
    public void Sent(int bytes)
    {
        Body?.Add(bytes);
        Moved(bytes);
    }

    /// <summary>So many bytes came; of few it takes several times. To be told by one at a time.</summary>
    public void Moved(int bytes)
    {
        _brought += bytes;
        Volatile.Write(ref _total, _total + bytes);
        if (_brought >= _least)
        {
            _brought = 0;
            Moved();
        }
    }

    /// <summary>Something moved.</summary>
    public void Moved()
    {
        Volatile.Write(ref _moved, _time.GetTimestamp());
        Volatile.Write(ref _rests, false);
    }

    /// <summary>Until something moves again nothing has to: what is waited for is watched by others.</summary>
    public void Rest() => Volatile.Write(ref _rests, true);

    public void Dispose()
    {
        _timer.Dispose();
        _end.Dispose();
    }

    void ITicking.Tick()
    {
        if (IsHeldBack?.Invoke() == true)
        {
            Volatile.Write(ref _moved, _time.GetTimestamp());
        }

        var rests = Volatile.Read(ref _rests);
        if (!IsTooSlow(rests) && (rests || _time.GetElapsedTime(Volatile.Read(ref _moved)) < Limit))
        {
            return;
        }

        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The transfer ended in this very moment.
        }
    }

    /// <summary>Whether a period brought too little; one in which it rests begins anew.</summary>
    private bool IsTooSlow(bool rests)
    {
        var (now, total) = (_time.GetTimestamp(), Volatile.Read(ref _total));
        if (!rests && _time.GetElapsedTime(_periodBegan, now) < Period)
        {
            return false;
        }

        var isTooSlow = HasRate && !rests && total - _totalBefore < MinBytesPerPeriod;
        (_periodBegan, _totalBefore) = (now, total);
        return isTooSlow;
    }
}

/// <summary>How much of the body of an answer was given to its client's connection: what counts of one that is cut off.</summary>
internal sealed class SentBody
{
    /// <summary>Bytes so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether the connection ended before the body did, which the request may hear of a moment later only.</summary>
    public bool IsCut { get; private set; }

    /// <summary>That of an answer.</summary>
    public static SentBody Of(HttpContext context)
    {
        if (context.Features.Get<SentBody>() is { } known)
        {
            return known;
        }

        var begun = new SentBody();
        context.Features.Set(begun);
        return begun;
    }

    /// <summary>So many more were. To be told by one at a time.</summary>
    public void Add(long bytes) => Bytes += bytes;

    /// <summary>Nothing more is taken.</summary>
    public void Cut() => IsCut = true;
}
