namespace RegistryProxy.Files;

/// <summary>Reads a stream that may not be longer than a bound, as a whole or in one of its lines.</summary>
/// <param name="inner">The stream.</param>
/// <param name="maxBytes">The bound in bytes.</param>
/// <param name="byLine">Whether each line counts for itself.</param>
/// <param name="tooLong">The exception of a read that goes beyond it.</param>
public sealed class LimitedStream(Stream inner, long maxBytes, bool byLine, Func<Exception> tooLong) : ReadingStream(inner)
{
    private long _count;

    public override int Read(Span<byte> buffer) => Count(buffer[..Inner.Read(buffer)]);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await Inner.ReadAsync(buffer, cancellationToken);
        return Count(buffer.Span[..read]);
    }

    private int Count(ReadOnlySpan<byte> read)
    {
        var lineEnd = byLine ? read.LastIndexOf((byte)'\n') : -1;
        _count = lineEnd < 0 ? _count + read.Length : read.Length - lineEnd - 1;
        return _count <= maxBytes ? read.Length : throw tooLong();
    }
}
