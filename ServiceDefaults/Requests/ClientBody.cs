using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>The body of a request. That it cannot be read, whatever Kestrel throws, is the client's fault, and one exception says so.</summary>
internal sealed class ClientBody(Stream inner) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception fault) when (fault is (IOException or InvalidOperationException) and not (BadHttpRequestException or ConnectionResetException))
        {
            throw new BadHttpRequestException("The body of the request is malformed.", StatusCodes.Status400BadRequest, fault);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
