namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>Reads a stream until it is longer than it may be, as a whole or in one of its lines.</summary>
/// <param name="inner">The stream.</param>
/// <param name="max">The bound in bytes.</param>
/// <param name="byLine">Whether each line counts for itself.</param>
internal sealed class CountedStream(Stream inner, int max, bool byLine) : Stream
{
    private long _count;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Count(buffer.AsSpan(offset, inner.Read(buffer, offset, count)));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var length = await inner.ReadAsync(buffer, cancellationToken);
        return Count(buffer.Span[..length]);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Count(ReadOnlySpan<byte> read)
    {
        var lineEnd = byLine ? read.LastIndexOf((byte)'\n') : -1;
        _count = lineEnd < 0 ? _count + read.Length : read.Length - lineEnd - 1;
        return _count <= max ? read.Length
            : throw new InvalidDataException($"the Docker Engine answered more than {max} bytes{(byLine ? " in one line" : "")}");
    }
}
