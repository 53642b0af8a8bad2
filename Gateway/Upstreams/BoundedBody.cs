using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Transport;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Reading of a metadata body under a cap, and of all such bodies of one upstream together under another.</summary>
internal static class BoundedBody
{
    private const int Piece = 16 * 1024;

    /// <summary>Begins to hold a body, of the allowance of the upstream and the share of whoever caused it.</summary>
    public static BodyAllowance.Holder Hold(HttpResponseMessage response)
    {
        var call = UpstreamCall.Of(response.RequestMessage!);
        return call.Upstream.Bodies.Hold(call.Caller);
    }

    /// <summary>The whole body.</summary>
    /// <exception cref="BodyTooLargeException">It is longer than <paramref name="maxBytes"/>.</exception>
    /// <exception cref="TooManyBodiesException">The upstream's answers are too large together.</exception>
    public static async Task<byte[]> Read(HttpResponseMessage response, int maxBytes, CancellationToken cancellation)
    {
        using var held = Hold(response);
        return await Read(response, held, maxBytes, cancellation);
    }

    /// <summary>The same, held for as long as its caller says.</summary>
    public static async Task<byte[]> Read(
        HttpResponseMessage response, BodyAllowance.Holder held, int maxBytes, CancellationToken cancellation, Action<int>? moved = null)
    {
        if (response.Content.Headers.ContentLength > maxBytes)
        {
            throw new BodyTooLargeException(maxBytes);
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        var bytes = await ReadBeginning(stream, response.Content.Headers.ContentLength, held, maxBytes, cancellation, moved);
        return bytes.Length <= maxBytes ? bytes : throw new BodyTooLargeException(maxBytes);
    }

    /// <summary>
    /// The whole body; of one that is longer, more than so many bytes of its beginning. <paramref name="moved"/> is told of what comes.
    /// </summary>
    public static async Task<byte[]> ReadBeginning(
        Stream stream, long? length, BodyAllowance.Holder held, int maxBytes, CancellationToken cancellation, Action<int>? moved = null)
    {
        // What a length promises takes no memory.
        var most = (int)Math.Min(length ?? long.MaxValue, maxBytes + 1);
        var buffer = new byte[held.Take(Math.Min(most, Piece))];
        for (var filled = 0; ;)
        {
            if (filled == length)
            {
                return buffer;
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, filled + held.Take(Math.Min(filled, most - filled)));
            }

            var read = await stream.ReadAsync(buffer.AsMemory(filled), cancellation);
            if (read == 0)
            {
                return buffer[..filled];
            }

            moved?.Invoke(read);
            filled += read;
            if (filled > maxBytes)
            {
                return buffer[..filled];
            }
        }
    }
}

/// <summary>A body exceeded its cap.</summary>
internal sealed class BodyTooLargeException(int maxBytes) : IOException($"the body is larger than {maxBytes} bytes");
