using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// What comes on a connection of HTTP/2, whose frames are counted that carry nothing and that Kestrel takes without an end: SETTINGS, PING,
/// PRIORITY, DATA without data, resets of more requests than came, and such as nobody knows. Each costs little, and most are answered; a
/// connection with too many is closed, as one is that gives windows away by the byte.
/// </summary>
internal sealed class FrameWatch(ConnectionContext connection, PipeReader inner, TimeProvider time) : PipeReader
{
    /// <summary>How many such frames may come within <see cref="MaxFramesTime"/>.</summary>
    private const int MaxFrames = 1000;

    /// <summary>How many more may come with each request: some clients tell the priority of each.</summary>
    private const int PerRequest = 10;

    /// <summary>How many updates of a window by less than <see cref="UsefulUpdate"/> bytes may come within the same time.</summary>
    private const int MaxUpdates = 10_000;

    /// <summary>Clients that read fast give a window back in larger pieces, in bytes.</summary>
    private const int UsefulUpdate = 1024;

    private const int PrefaceBytes = 24;
    private const int HeadBytes = 9;
    private const int UpdateBytes = 4;
    private const byte EndStream = 1;
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Update = 8;
    private const byte Continuation = 9;

    private static readonly TimeSpan MaxFramesTime = TimeSpan.FromSeconds(10);

    private ReadOnlySequence<byte> _buffer;
    private long _looked;
    private long _rest = PrefaceBytes;
    private long _began = time.GetTimestamp();
    private int _frames;
    private int _updates;

    /// <summary>Requests that came and were not reset.</summary>
    private long _requests;

    /// <summary>For a listener that speaks nothing but HTTP/2.</summary>
    public static ConnectionDelegate Handle(ConnectionDelegate next) => connection =>
    {
        connection.Transport = Of(connection);
        return next(connection);
    };

    /// <summary>The transport of a connection, watched.</summary>
    public static IDuplexPipe Of(ConnectionContext connection) =>
        new Duplex(new FrameWatch(connection, connection.Transport.Input, TimeProvider.System), connection.Transport.Output);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Look(await inner.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        var any = inner.TryRead(out result);
        if (any)
        {
            Look(result);
        }

        return any;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _looked -= _buffer.Slice(_buffer.Start, consumed).Length;
        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private ReadResult Look(ReadResult result)
    {
        _buffer = result.Buffer;
        var reader = new SequenceReader<byte>(_buffer);
        reader.Advance(_looked);
        Span<byte> head = stackalloc byte[HeadBytes + UpdateBytes];
        while (true)
        {
            var skipped = Math.Min(_rest, reader.Remaining);
            reader.Advance(skipped);
            _rest -= skipped;
            if (_rest > 0 || !reader.TryCopyTo(head[..HeadBytes]) || (head[3] == Update && !reader.TryCopyTo(head)))
            {
                break;
            }

            reader.Advance(HeadBytes);
            _rest = BinaryPrimitives.ReadInt32BigEndian(head) >>> 8;
            Count(head[3], head[4], head[HeadBytes..]);
        }

        _looked = reader.Consumed;
        return result;
    }

    private void Count(byte type, byte flags, ReadOnlySpan<byte> update)
    {
        switch (type)
        {
            case 0 when _rest > 0 || (flags & EndStream) != 0:
            case Continuation:
                // Data; the other belongs to requests, which have bounds of their own.
                break;
            case Headers:
                _frames = Math.Max(0, _frames - PerRequest);
                _requests++;
                break;
            case Reset when _requests > 0:
                _requests--;
                break;
            case Update:
                Count(0, BinaryPrimitives.ReadInt32BigEndian(update) < UsefulUpdate ? 1 : 0);
                break;
            default:
                Count(1, 0);
                break;
        }
    }

    private void Count(int frames, int updates)
    {
        if (time.GetElapsedTime(_began) > MaxFramesTime)
        {
            (_began, _frames, _updates) = (time.GetTimestamp(), 0, 0);
        }

        (_frames, _updates) = (_frames + frames, _updates + updates);
        if ((frames > 0 && _frames == MaxFrames) || (updates > 0 && _updates == MaxUpdates))
        {
            connection.Abort(new ConnectionAbortedException("too many frames that carry nothing"));
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
