using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// The stream below TLS. It reads from Kestrel's transport, which goes on receiving and so notices a client that disconnects, and writes to
/// the socket itself: immediately during the handshake, later only when told to, so that many records take one system call.
/// </summary>
internal sealed class SocketStream(Handshake handshake, Socket socket) : Stream
{
    /// <summary>How much may wait for the socket while the writer goes on, in bytes.</summary>
    private const int MaxBehind = 4 * 1024;

    private readonly SocketSend _send = new(socket);
    private readonly PipeReader _input = handshake.Input;
    private readonly Lock _gate = new();
    private byte[] _buffer = [];
    private int _filled;
    private Task _behind = Task.CompletedTask;
    private bool _isSending;
    private bool _hasEnded;
    private TaskCompletionSource<bool>? _sent;

    /// <summary>Whether what is written waits until it is sent: not during the handshake.</summary>
    public bool IsGathering { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Reads what nobody wants, until the client has ended.</summary>
    public async Task Drain(CancellationToken cancellation)
    {
        ReadResult read;
        do
        {
            read = await _input.ReadAsync(cancellation);
            _input.AdvanceTo(read.Buffer.End);
        }
        while (!read.IsCompleted && !read.IsCanceled);
    }

    /// <summary>Makes room for what is about to be written, so that it is copied once.</summary>
    public void Reserve(int bytes)
    {
        lock (_gate)
        {
            MakeRoom(bytes);
        }
    }

    /// <summary>Returns when everything that was written is sent; <c>false</c> when the socket takes nothing more.</summary>
    public ValueTask<bool> Send()
    {
        lock (_gate)
        {
            if (_isSending)
            {
                return new ValueTask<bool>((_sent ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task);
            }

            _isSending = true;
        }

        return SendAll();
    }

    /// <summary>
    /// Sends a little that was written behind the caller, so that what others write meanwhile goes with it; of more it is
    /// <see cref="Send"/>.
    /// </summary>
    public ValueTask<bool> SendBehind()
    {
        lock (_gate)
        {
            if (_filled <= MaxBehind && !_hasEnded)
            {
                if (!_isSending)
                {
                    _isSending = true;
                    _behind = SendLater();
                }

                return new ValueTask<bool>(true);
            }
        }

        return Send();
    }

    /// <summary>Waits for what is sent behind its writers.</summary>
    public override async ValueTask DisposeAsync()
    {
        await _behind;
        await base.DisposeAsync();
    }

    /// <summary>A connection that ended, however it did, has no more bytes; whether a message ends there is known to its reader.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var come = (await _input.ReadAsync(cancellationToken)).Buffer;
            var count = (int)Math.Min(come.Length, buffer.Length);
            come.Slice(0, count).CopyTo(buffer.Span);
            _input.AdvanceTo(come.GetPosition(count));
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

        if (IsGathering)
        {
            return default;
        }

        handshake.Sent(buffer.Span);
        return SendNow();
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
            (_hasEnded, _filled) = (true, 0);
            Return();
        }

        _send.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<bool> SendAll()
    {
        while (true)
        {
            byte[] buffer;
            int filled;
            lock (_gate)
            {
                if (_filled == 0 || _hasEnded)
                {
                    _isSending = false;
                    _sent?.SetResult(!_hasEnded);
                    _sent = null;
                    return !_hasEnded;
                }

                (buffer, filled, _buffer, _filled) = (_buffer, _filled, [], 0);
            }

            var isSent = await _send.Send(buffer.AsMemory(0, filled));
            ArrayPool<byte>.Shared.Return(buffer);
            if (!isSent)
            {
                lock (_gate)
                {
                    _hasEnded = true;
                }
            }
        }
    }

    private async Task SendLater()
    {
        await Task.Yield();
        await SendAll();
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
        MakeRoom(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_filled));
        _filled += bytes.Length;
    }

    private void MakeRoom(int bytes)
    {
        if (_buffer.Length - _filled < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_filled + bytes);
            _buffer.AsSpan(0, _filled).CopyTo(larger);
            Return();
            _buffer = larger;
        }
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
