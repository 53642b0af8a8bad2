using System.Buffers;
using System.IO.Pipelines;
using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// The rest of a blob that is not kept: all of it is hashed, from where the hash stands, and what lies in the client's range is sent; the
/// last byte of that only when the blob is right.
/// </summary>
/// <param name="hash">Of what lies before.</param>
/// <param name="from">Where the rest begins.</param>
/// <param name="range">What the client still wants.</param>
internal sealed class VerifiedRest(BlobHash hash, long from, ByteRange range) : IDisposable
{
    private const int ChunkBytes = 64 * 1024;

    private long _position = from;

    /// <summary>The last byte of the range; to be set where it does not lie in the rest.</summary>
    public byte Last { get; set; }

    /// <summary>Sends it; <c>false</c> when the blob is not what its digest says: the last byte was not sent then.</summary>
    /// <exception cref="IOException">The upstream ended early.</exception>
    /// <exception cref="OperationCanceledException">The client has gone, or nothing moved for a minute.</exception>
    public async Task<bool> Send(ResumingBody body, PipeWriter to, IdleWatch watch)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            while (await body.Read(buffer, watch.Token) is var read and > 0)
            {
                watch.Moved();
                hash.Append(buffer.AsSpan(0, read));
                var sent = Write(buffer.AsMemory(0, read), to);
                _position += read;
                if ((await to.FlushAsync(watch.Token)).IsCompleted)
                {
                    throw new OperationCanceledException("the client has gone");
                }

                watch.Body?.Add(sent);
                watch.Moved(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (!hash.IsRight())
        {
            return false;
        }

        await to.WriteAsync(new[] { Last }, watch.Token);
        return true;
    }

    public void Dispose() => hash.Dispose();

    /// <summary>Writes what lies in the range; how much that is.</summary>
    private int Write(ReadOnlyMemory<byte> chunk, PipeWriter to)
    {
        var last = range.End - 1;
        var first = Math.Max(range.First, _position);
        var end = Math.Min(last, _position + chunk.Length);
        if (first < end)
        {
            to.Write(chunk.Span[(int)(first - _position)..(int)(end - _position)]);
        }

        if (last >= _position && last < _position + chunk.Length)
        {
            Last = chunk.Span[(int)(last - _position)];
        }

        return (int)Math.Max(0, end - first);
    }
}
