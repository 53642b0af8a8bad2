using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// The body of a whole blob that nobody keeps, hashed as it comes. When it is not what its digest says, the read that would have given its
/// last bytes, or its end, fails: it never ends cleanly.
/// </summary>
internal sealed class VerifiedBody(Func<Memory<byte>, CancellationToken, ValueTask<int>> read, Digest digest, long? length) : IDisposable
{
    private readonly BlobHash _hash = new(digest);
    private long _position;

    /// <summary>Reads some bytes; 0 at the end.</summary>
    /// <exception cref="WrongBlobException">The blob is wrong.</exception>
    public async ValueTask<int> Read(Memory<byte> buffer, CancellationToken cancellation)
    {
        var count = await read(buffer, cancellation);
        _hash.Append(buffer.Span[..count]);
        _position += count;
        return (count > 0 && _position != length) || _hash.IsRight() ? count : throw new WrongBlobException();
    }

    public void Dispose() => _hash.Dispose();
}
