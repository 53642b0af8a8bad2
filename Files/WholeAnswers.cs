namespace RegistryProxy.Files;

/// <summary>
/// Answers of servers that are read whole, each within a bound that counts what comes: what a server says of the length is no bound.
/// </summary>
public static class WholeAnswers
{
#pragma warning disable RS0030 // Nothing else reads answers whole.
    /// <summary>A client that reads no answer that is longer.</summary>
    /// <param name="handler">Sends.</param>
    /// <param name="maxBytes">The longest answer, in bytes.</param>
    /// <param name="timeout">How long an answer may take, to its end; 100 s when nothing is said.</param>
    /// <param name="ownsHandler">Whether the handler ends with the client.</param>
    public static HttpClient Client(HttpMessageHandler handler, int maxBytes, TimeSpan? timeout = null, bool ownsHandler = true)
    {
        var client = new HttpClient(handler, ownsHandler) { MaxResponseContentBufferSize = maxBytes };
        client.Timeout = timeout ?? client.Timeout;
        return client;
    }

    /// <summary>The whole answer.</summary>
    /// <param name="content">Of the answer.</param>
    /// <param name="maxBytes">The longest, in bytes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="HttpRequestException">It is longer, or ended early.</exception>
    public static async Task<byte[]> ReadBytes(this HttpContent content, int maxBytes, CancellationToken cancellation)
    {
        await content.LoadIntoBufferAsync(maxBytes, cancellation);
        return await content.ReadAsByteArrayAsync(cancellation);
    }

    /// <summary>The same, as text.</summary>
    /// <param name="content">Of the answer.</param>
    /// <param name="maxBytes">The longest, in bytes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="HttpRequestException">It is longer, or ended early.</exception>
    public static async Task<string> ReadText(this HttpContent content, int maxBytes, CancellationToken cancellation)
    {
        await content.LoadIntoBufferAsync(maxBytes, cancellation);
        return await content.ReadAsStringAsync(cancellation);
    }
#pragma warning restore RS0030
}
