using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Background;
using RegistryProxy.Files;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// The body of a request whose client has to go on sending it. Each second in which a byte is waited for counts, and each byte that comes
/// makes up for some of it: when too many are owed the request is at its end. What the server itself holds back is not waited for.
/// </summary>
internal sealed class MovingBody : ReadingStream, ITicking
{
    /// <summary>How far a client may be behind, and so how long it may bring nothing.</summary>
    public static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(50);

    /// <summary>What a second must bring of a body that is passed on as it comes, in bytes.</summary>
    public const int StreamedRate = 1024;

    /// <summary>The same of one that is held until it is here.</summary>
    public const int HeldRate = 16 * 1024;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _end = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly double _perSecond;
    private CancellationTokenSource? _either;
    private CancellationToken _reader;
    private long _waitsSince;
    private double _owed;

    /// <param name="body">As it comes from the client.</param>
    /// <param name="perSecond">What a second must bring, in bytes.</param>
    /// <param name="time">The clock.</param>
    public MovingBody(Stream body, int perSecond, TimeProvider time)
        : base(body)
    {
        (_time, _perSecond) = (time, perSecond);
        _timer = GuardedTimer.Start(time, this, Step, Step);
    }

    /// <summary>Whether anything of it was asked for.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>Bytes that have come.</summary>
    public long Received { get; private set; }

    /// <summary>Whether it could not be read to its end: what breaks off for that is its client's doing.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Watches the body of a request until it is told that the request ended; <c>null</c> when it has none.</summary>
    public static MovingBody? Watch(HttpContext context, int perSecond, TimeProvider time)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return null;
        }

        var body = new MovingBody(context.Request.Body, perSecond, time);
        context.Features.Set(body);
        context.Request.Body = body;
        return body;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        IsBegun = true;
        var began = _time.GetTimestamp();
        Volatile.Write(ref _waitsSince, began);
        try
        {
            var read = await Inner.ReadAsync(buffer, Either(cancellationToken));
            Volatile.Write(ref _waitsSince, 0);
            Received += read;
            _owed = Math.Max(0, _owed + _time.GetElapsedTime(began).TotalSeconds - (read / _perSecond));
            return read;
        }
        catch (IOException)
        {
            IsBroken = true;
            throw;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && _end.IsCancellationRequested)
        {
            IsBroken = true;
            throw new BadHttpRequestException("The body of the request stopped coming.", StatusCodes.Status408RequestTimeout);
        }
        finally
        {
            Volatile.Write(ref _waitsSince, 0);
        }
    }

    /// <summary>The reader's token and ours; a reader comes with the same one each time.</summary>
    private CancellationToken Either(CancellationToken reader)
    {
        if (!reader.CanBeCanceled)
        {
            return _end.Token;
        }

        if (_either is null || _reader != reader)
        {
            _either?.Dispose();
            (_reader, _either) = (reader, CancellationTokenSource.CreateLinkedTokenSource(reader, _end.Token));
        }

        return _either.Token;
    }

    void ITicking.Tick()
    {
        if (Volatile.Read(ref _waitsSince) is var since and not 0
            && _time.GetElapsedTime(since).TotalSeconds + Volatile.Read(ref _owed) >= StallTimeout.TotalSeconds)
        {
            _end.Cancel();
        }
    }

    /// <summary>The request has ended: nothing of it is waited for any more.</summary>
    public void End()
    {
        _timer.Dispose();
        _either?.Dispose();
    }
}
