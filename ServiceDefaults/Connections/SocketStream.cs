using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// What TLS stands on. It reads what Kestrel has received, so that a client who leaves is noticed while nobody reads, and writes to the
/// socket itself: during the handshake at once, and from then on when it is told to, which makes one call of many records.
/// </summary>
internal sealed class SocketStream(PipeReader input, Socket socket) : Stream
{
    private readonly SocketSend _send = new(socket);
    private readonly Lock _gate = new();
    private byte[] _buffer = [];
    private int _filled;

    /// <summary>Whether what is written waits for <see cref="Send"/>.</summary>
    public bool IsGathering { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Sends what was written; <c>false</c> when the socket takes nothing more. Not for two callers at once.</summary>
    public async ValueTask<bool> Send()
    {
        byte[] buffer;
        int filled;
        lock (_gate)
        {
            (buffer, filled, _buffer, _filled) = (_buffer, _filled, [], 0);
        }

        if (filled == 0)
        {
            return true;
        }

        try
        {
            return await _send.Send(buffer.AsMemory(0, filled));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A connection that ended, however it did, has no more bytes; whether a message ends there is known to its reader.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var come = (await input.ReadAsync(cancellationToken)).Buffer;
            var count = (int)Math.Min(come.Length, buffer.Length);
            come.Slice(0, count).CopyTo(buffer.Span);
            input.AdvanceTo(come.GetPosition(count));
            return count;
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            Append(buffer.Span);
        }

        return IsGathering ? default : SendNow();
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            Return();
        }

        _send.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask SendNow()
    {
        if (!await Send())
        {
            throw new IOException("the client has gone");
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _filled < bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_filled + bytes.Length);
            _buffer.AsSpan(0, _filled).CopyTo(larger);
            Return();
            _buffer = larger;
        }

        bytes.CopyTo(_buffer.AsSpan(_filled));
        _filled += bytes.Length;
    }

    private void Return()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
