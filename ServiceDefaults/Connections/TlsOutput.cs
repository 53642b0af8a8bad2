using System.IO.Pipelines;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// The output of a TLS connection, in place of a pipe: each flush becomes TLS records, which go to the socket in one system call. While a
/// client is slow, only the encrypted records are held.
/// </summary>
/// <param name="connection">Is aborted when the socket takes nothing more.</param>
/// <param name="tls">Encrypts into <paramref name="stream"/>.</param>
/// <param name="stream">Sends.</param>
/// <param name="isShared">Whether several requests write to it (HTTP/2), whose small frames then go together.</param>
internal sealed class TlsOutput(ConnectionContext connection, SslStream tls, SocketStream stream, bool isShared) : PipeWriter
{
    /// <summary>What is sent at once, in bytes: with what encryption adds to four records, within the 64 KiB of a pooled buffer.</summary>
    private const int MaxSend = 65_000;

    /// <summary>The plaintext of one record, in bytes (RFC 8446 §5.1).</summary>
    private const int MaxRecord = 16 * 1024;

    /// <summary>What encryption adds to a record: at most a head, an IV, a MAC and padding of TLS 1.2 with CBC.</summary>
    private const int MaxOverhead = 85;

    private readonly OutputBuffer _buffer = new();
    private volatile bool _isSending;
    private volatile bool _ended;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _buffer.Count;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        var room = _buffer.GetMemory(sizeHint);
        return room[..Math.Min(room.Length, Math.Max(Math.Max(sizeHint, 1), MaxSend - _buffer.Count))];
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes) => _buffer.Advance(bytes);

    /// <summary>Returns when the socket has taken everything: a client who does not read has no more waiting for him than that.</summary>
    /// <exception cref="OperationCanceledException">
    /// It was given up; half of something may have been sent, so the connection goes with it.
    /// </exception>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var (buffer, filled) = _buffer.Take();
        if (filled == 0 || _ended)
        {
            OutputBuffer.Return(buffer);
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: _ended));
        }

        var sending = Send(buffer, filled);
        return sending.IsCompletedSuccessfully
            ? new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: !sending.Result))
            : Wait(sending, cancellationToken);
    }

    /// <summary>A flush cannot be taken back without losing count; Kestrel does so for connections only that it gives up.</summary>
    public override void CancelPendingFlush()
    {
        if (_isSending)
        {
            connection.Abort();
        }
    }

    /// <summary>What was not flushed by then is sent by <see cref="Close"/>.</summary>
    public override void Complete(Exception? exception = null)
    {
    }

    /// <summary>Sends what is left and a <c>close_notify</c> (RFC 8446 §6.1).</summary>
    public async Task Close()
    {
        if ((await FlushAsync()).IsCompleted)
        {
            return;
        }

        try
        {
            await tls.ShutdownAsync();
            await stream.Send();
        }
        catch (Exception)
        {
            // After what a client sent that is no TLS, or a renegotiation, nothing can be said any more; it is no fault of ours.
        }
    }

    private async ValueTask<bool> Send(byte[] buffer, int filled)
    {
        _isSending = true;
        try
        {
            for (var sent = 0; sent < filled && !_ended;)
            {
                var count = Math.Min(filled - sent, MaxSend);
                stream.Reserve(count + (((count / MaxRecord) + 1) * MaxOverhead));
                await tls.WriteAsync(buffer.AsMemory(sent, count));
                sent += count;
                if (sent == filled)
                {
                    OutputBuffer.Return(buffer);
                    buffer = [];
                }

                _ended |= !await (isShared ? stream.SendBehind() : stream.Send());
            }
        }
        catch (Exception)
        {
            // Whatever it was, half of something may have been sent: nothing can come after it.
            _ended = true;
        }
        finally
        {
            _isSending = false;
            OutputBuffer.Return(buffer);
        }

        if (_ended)
        {
            connection.Abort(new ConnectionAbortedException("the client cannot be written to"));
        }

        return !_ended;
    }

    private async ValueTask<FlushResult> Wait(ValueTask<bool> sending, CancellationToken cancellation)
    {
        await using var late = connection.AbortOn("the client took too long", cancellation);
        var isSent = await sending;
        cancellation.ThrowIfCancellationRequested();
        return new FlushResult(isCanceled: false, isCompleted: !isSent);
    }
}
