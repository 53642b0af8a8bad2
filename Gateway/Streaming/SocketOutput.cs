using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Win32.SafeHandles;
using RegistryProxy.ServiceDefaults.Connections;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// What a connection without TLS is written to, in the place of Kestrel's own pipe: bytes go straight to the socket, and bytes of a file by
/// <c>sendfile</c>. Kestrel goes on counting: for a file it is told how many bytes are written, in their place among all others, and only
/// here they are the file's. So the framing of answers, keep-alive and pipelining are Kestrel's as ever.
/// </summary>
internal sealed class SocketOutput(ConnectionContext connection, Socket socket, PipeWriter inner) : PipeWriter
{
    private const int ChunkBytes = 1024 * 1024;

    /// <summary>What a client gets at once that does not take more than this in a second: whoever takes it at all is seen to.</summary>
    private const int SlowBytes = 64 * 1024;

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    /// <summary>Stands for the bytes of files; nobody reads it.</summary>
    private static readonly byte[] Blank = new byte[ChunkBytes];

    private readonly OutputBuffer _buffer = new();
    private FileStream? _file;
    private long _fileOffset;
    private int _fileBytes;
    private bool _ended;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _buffer.Count + _fileBytes;

    /// <summary>The output of a request that nothing stands before: neither TLS, HTTP/2 nor a body that is throttled.</summary>
    public static SocketOutput? Of(HttpContext context) =>
        context.Request.Protocol == "HTTP/1.1" && !ListenerFeature.IsEncrypted(context)
        && ReferenceEquals(context.Features.Get<IHttpResponseBodyFeature>(), context.Features.Get<IHttpRequestFeature>())
            ? context.Features.Get<SocketOutput>()
            : null;

    /// <summary>Sends bytes of a file as the body of an answer, or a part of it, and closes the file.</summary>
    /// <param name="moved">Is told how many bytes the client took.</param>
    /// <returns>Whether all of it went; else the connection has ended.</returns>
    /// <exception cref="IOException">The file is shorter.</exception>
    public async Task<bool> SendFile(PipeWriter body, SafeFileHandle file, long offset, long count, Action<int> moved, TimeProvider time)
    {
        // The head leaves by the usual way.
        var flush = await body.FlushAsync();
        await using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0, isAsync: true);
        (_file, _fileOffset) = (stream, offset);
        try
        {
            for (var size = SlowBytes; count > 0 && !flush.IsCompleted;)
            {
                var (chunk, began) = ((int)Math.Min(count, size), time.GetTimestamp());
                body.GetMemory(chunk);
                body.Advance(chunk);
                count -= chunk;
                flush = await body.FlushAsync();
                if (!flush.IsCompleted)
                {
                    moved(chunk);
                }

                size = time.GetElapsedTime(began) > Slow ? SlowBytes : Math.Min(size * 2, ChunkBytes);
            }

            return count == 0 && !flush.IsCompleted;
        }
        finally
        {
            _file = null;
        }
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _file is null ? _buffer.GetMemory(sizeHint) : Blank;

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (_file is null)
        {
            _buffer.Advance(bytes);
        }
        else
        {
            _fileBytes += bytes;
        }
    }

    /// <summary>Returns when the socket has taken everything: never is more than one chunk of a client's waiting here.</summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var sending = Send();
        return sending.IsCompletedSuccessfully || !cancellationToken.CanBeCanceled
            ? Ended(sending) : Wait(sending, cancellationToken);
    }

    /// <summary>A flush cannot be taken back without losing count; Kestrel does so for connections only that it gives up.</summary>
    public override void CancelPendingFlush() => connection.Abort();

    public override void Complete(Exception? exception = null)
    {
        if (_buffer.Count > 0 && !_ended)
        {
            inner.Write(_buffer.Written);
        }

        _ended = true;
        OutputBuffer.Return(_buffer.Take().Bytes);
        inner.Complete(exception);
    }

    private async ValueTask<FlushResult> Wait(ValueTask sending, CancellationToken cancellation)
    {
        await using var late = connection.AbortOn("the client took too long", cancellation);
        var result = await Ended(sending);
        cancellation.ThrowIfCancellationRequested();
        return result;
    }

    private async ValueTask<FlushResult> Ended(ValueTask sending)
    {
        await sending;
        return new FlushResult(isCanceled: false, isCompleted: _ended);
    }

    private async ValueTask Send()
    {
        try
        {
            if (!_ended)
            {
                await SendBuffer();
                await SendFile();
            }
        }
        catch (Exception fault)
        {
            // Whatever it was, half of something may have been sent: nothing can come after it.
            _ended = true;
            connection.Abort(new ConnectionAbortedException("the client cannot be written to", fault));
        }
    }

    private async ValueTask SendBuffer()
    {
        var (bytes, count) = _buffer.Take();
        try
        {
            for (var sent = 0; sent < count;)
            {
                sent += await socket.SendAsync(bytes.AsMemory(sent, count - sent), SocketFlags.None);
            }
        }
        finally
        {
            OutputBuffer.Return(bytes);
        }
    }

    private async ValueTask SendFile()
    {
        if (_fileBytes == 0)
        {
            return;
        }

        if (_file is not { } file || RandomAccess.GetLength(file.SafeFileHandle) < _fileOffset + _fileBytes)
        {
            throw new IOException("a cached file was truncated while it was sent");
        }

        await FileSend.Send(socket, file, _fileOffset, _fileBytes);
        _fileOffset += _fileBytes;
        _fileBytes = 0;
    }
}
