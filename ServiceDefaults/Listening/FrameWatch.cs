using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// What comes on a connection of HTTP/2, whose frames are counted that carry nothing and that Kestrel takes without an end: SETTINGS, PING,
/// PRIORITY, DATA without data, and such as nobody knows. Each costs little, and most are answered; a connection with too many is closed.
/// </summary>
internal sealed class FrameWatch(ConnectionContext connection, PipeReader inner, TimeProvider time) : PipeReader
{
    /// <summary>How many such frames may come within <see cref="MaxFramesTime"/>.</summary>
    private const int MaxFrames = 1000;

    /// <summary>How many more may come with each request: some clients tell the priority of each.</summary>
    private const int PerRequest = 10;

    private const int PrefaceBytes = 24;
    private const int HeadBytes = 9;
    private const byte EndStream = 1;

    private static readonly TimeSpan MaxFramesTime = TimeSpan.FromSeconds(10);

    private ReadOnlySequence<byte> _buffer;
    private long _looked;
    private long _rest = PrefaceBytes;
    private long _began = time.GetTimestamp();
    private int _frames;

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
        Span<byte> head = stackalloc byte[HeadBytes];
        while (true)
        {
            var skipped = Math.Min(_rest, reader.Remaining);
            reader.Advance(skipped);
            _rest -= skipped;
            if (_rest > 0 || !reader.TryCopyTo(head))
            {
                break;
            }

            reader.Advance(HeadBytes);
            _rest = BinaryPrimitives.ReadInt32BigEndian(head) >>> 8;
            Count(head[3], head[4]);
        }

        _looked = reader.Consumed;
        return result;
    }

    private void Count(byte type, byte flags)
    {
        switch (type)
        {
            case 0 when _rest > 0 || (flags & EndStream) != 0:
            case 3 or 8 or 9:
                // Data; RST_STREAM, WINDOW_UPDATE and CONTINUATION belong to requests, which have bounds of their own.
                break;
            case 1:
                _frames = Math.Max(0, _frames - PerRequest);
                break;
            default:
                Count();
                break;
        }
    }

    private void Count()
    {
        if (time.GetElapsedTime(_began) > MaxFramesTime)
        {
            (_began, _frames) = (time.GetTimestamp(), 0);
        }

        if (++_frames == MaxFrames)
        {
            connection.Abort(new ConnectionAbortedException("too many frames that carry nothing"));
        }
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
