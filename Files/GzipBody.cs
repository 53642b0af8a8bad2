using System.Buffers.Binary;
using System.IO.Compression;

namespace RegistryProxy.Files;

/// <summary>
/// A gzip body (RFC 1952), decoded, and at its end compared with the length in its last bytes: <see cref="GZipStream"/> takes a body that
/// is cut for a shorter one. Only one member is taken.
/// </summary>
internal sealed class GzipBody : ReadingStream
{
    private readonly EndStream _encoded;
    private uint _length;

    /// <summary>Decodes a body, which is this stream's afterwards.</summary>
    public GzipBody(Stream encoded)
        : this(new EndStream(encoded))
    {
    }

    private GzipBody(EndStream encoded)
        : base(new GZipStream(encoded, CompressionMode.Decompress)) => _encoded = encoded;

    /// <exception cref="WrongEncodingException">It is no gzip, or does not end as one.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await Inner.ReadAsync(buffer, cancellationToken);
            _length = unchecked(_length + (uint)read);
            return read > 0 || buffer.IsEmpty || await _encoded.EndsWith(_length, cancellationToken)
                ? read : throw new InvalidDataException("the gzip body does not end with its length");
        }
        catch (Exception fault) when (fault is InvalidDataException or InvalidOperationException)
        {
            throw new WrongEncodingException(fault);
        }
    }

    /// <summary>Keeps the last bytes that were read.</summary>
    private sealed class EndStream(Stream encoded) : ReadingStream(encoded)
    {
        private ulong _last;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await Inner.ReadAsync(buffer, cancellationToken);
            foreach (var one in buffer.Span[Math.Max(0, read - sizeof(ulong))..read])
            {
                _last = (_last << 8) | one;
            }

            return read;
        }

        /// <summary>Whether nothing follows, and the last bytes are a length, modulo 2^32.</summary>
        public async ValueTask<bool> EndsWith(uint length, CancellationToken cancellation) =>
            BinaryPrimitives.ReverseEndianness((uint)_last) == length && await Inner.ReadAsync(new byte[1], cancellation) == 0;
    }
}
