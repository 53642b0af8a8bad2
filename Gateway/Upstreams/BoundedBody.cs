namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Reading of a metadata body under a cap.</summary>
internal static class BoundedBody
{
    /// <summary>The whole body.</summary>
    /// <exception cref="BodyTooLargeException">It is longer than <paramref name="maxBytes"/>.</exception>
    public static async Task<byte[]> Read(HttpResponseMessage response, int maxBytes, CancellationToken cancellation)
    {
        if (response.Content.Headers.ContentLength > maxBytes)
        {
            throw new BodyTooLargeException(maxBytes);
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await stream.ReadAsync(chunk, cancellation) is var read and > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > maxBytes)
            {
                throw new BodyTooLargeException(maxBytes);
            }
        }

        return buffer.ToArray();
    }
}

/// <summary>A body exceeded its cap.</summary>
internal sealed class BodyTooLargeException(int maxBytes) : IOException($"the body is larger than {maxBytes} bytes");
