namespace RegistryProxy.Files;

/// <summary>
/// Undoes the <c>Content-Encoding</c> of a body (RFC 9110 §8.4.1) that came encoded though it was not asked for so. Whoever labels wrongly
/// is common: what does not begin as gzip does is left as it is, whatever its label says. Only gzip is undone, since it alone of the common
/// encodings says at its end how long the whole is: of others a body that is cut could pass for a shorter one.
/// </summary>
public static class EncodedBody
{
    /// <summary>As much as tells gzip apart.</summary>
    private const int Head = 2;

    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>A JSON text without the byte order mark that may precede it, and that no reader here takes (RFC 8259 §8.1).</summary>
    public static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> json) =>
        json.Span.StartsWith(Mark) ? json[Mark.Length..] : json;

    /// <summary>
    /// How much of the first piece of a JSON text is a byte order mark; <c>null</c> when it is too short to tell.
    /// </summary>
    public static int? MarkOf(ReadOnlySpan<byte> beginning) => beginning.StartsWith(Mark) ? Mark.Length
        : beginning.Length < Mark.Length && Mark.StartsWith(beginning) ? null : 0;

    /// <summary>Opens a body under its label.</summary>
    /// <param name="body">The body, which is the returned stream's afterwards.</param>
    /// <param name="encodings">The values of <c>Content-Encoding</c>; none is undone but a single gzip.</param>
    /// <param name="cancellation">Ends the wait for the beginning.</param>
    /// <returns>The body, and whether it is another one than came.</returns>
    public static async ValueTask<(Stream Body, bool IsDecoded)> Open(
        Stream body, IEnumerable<string> encodings, CancellationToken cancellation)
    {
        var head = new byte[Head];
        var length = await body.ReadAtLeastAsync(head, Head, throwOnEndOfStream: false, cancellation);
        var whole = new BegunStream(head.AsMemory(0, length), body);
        return Decoder([.. encodings], head.AsSpan(0, length), whole) is { } decoder ? ((Stream)decoder, true) : (whole, false);
    }

    private static GzipBody? Decoder(string[] encodings, ReadOnlySpan<byte> head, Stream body) =>
        encodings is [var encoding] && encoding.Trim().ToLowerInvariant() is "gzip" or "x-gzip" && head is [0x1f, 0x8b]
            ? new GzipBody(body) : null;

    /// <summary>A stream of which the beginning was read.</summary>
    private sealed class BegunStream(ReadOnlyMemory<byte> head, Stream rest) : ReadingStream(rest)
    {
        private ReadOnlyMemory<byte> _head = head;

        public override int Read(Span<byte> buffer) => TakeHead(buffer) is var taken and > 0 ? taken : Inner.Read(buffer);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            TakeHead(buffer.Span) is var taken and > 0 ? ValueTask.FromResult(taken) : Inner.ReadAsync(buffer, cancellationToken);

        private int TakeHead(Span<byte> buffer)
        {
            var taken = Math.Min(_head.Length, buffer.Length);
            _head.Span[..taken].CopyTo(buffer);
            _head = _head[taken..];
            return taken;
        }
    }
}

/// <summary>A body is not encoded as its <c>Content-Encoding</c> says.</summary>
/// <param name="inner">What was found.</param>
public sealed class WrongEncodingException(Exception inner) : IOException("the body is not encoded as its label says", inner);
