using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// What of a content a client wants (RFC 9110 §14): one range, or all. Units that are not bytes and what cannot be read are answered whole,
/// as the RFC allows; so are several ranges that do not become one (<see cref="ByteRanges"/>).
/// </summary>
/// <param name="First">The first byte.</param>
/// <param name="Count">How many.</param>
/// <param name="IsPartial">Whether the answer is a 206.</param>
internal readonly record struct ByteRange(long First, long Count, bool IsPartial)
{
    public long End => First + Count;

    /// <summary>The range of a request on a content of <paramref name="size"/> bytes; <c>null</c> when it lies outside: 416.</summary>
    public static ByteRange? Of(HttpRequest request, string etag, long size)
    {
        var whole = new ByteRange(0, size, false);
        if (!IsAsked(request, etag))
        {
            return whole;
        }

        if (ByteRanges.AreSeveral(request.Headers.Range))
        {
            return ByteRanges.Of(request, etag, size) switch { [] => null, [var one] => one, _ => whole };
        }

        return TryParse(request.Headers.Range, out var first, out var last) ? Cut(first, last, size) : whole;
    }

    /// <summary>Whether a request wants one range that can be read and has bytes.</summary>
    public static bool IsOfSome(HttpRequest request, string etag) =>
        IsAsked(request, etag) && TryParse(request.Headers.Range, out var first, out var last) && (first, last) is not (null, 0);

    /// <summary>Whether ranges count: only those of a GET do, and under no condition or one that is true.</summary>
    public static bool IsAsked(HttpRequest request, string etag) => request.Headers.Range.Count == 1 && HttpMethods.IsGet(request.Method)
        && (request.Headers.IfRange.Count == 0 || request.Headers.IfRange == etag);

    /// <summary>One range on a content of <paramref name="size"/> bytes; <c>null</c> when it lies outside.</summary>
    public static ByteRange? Cut(long? first, long? last, long size) => (first, last) switch
    {
        (null, 0) => null,

        // The last bytes of nothing are all of it (§14.1.2), which no 206 can say.
        (null, _) when size == 0 => new ByteRange(0, 0, false),
        (null, { } suffix) => new ByteRange(Math.Max(0, size - suffix), Math.Min(suffix, size), true),
        ({ } from, _) when from >= size => null,
        ({ } from, var to) => new ByteRange(from, Math.Min(to ?? long.MaxValue, size - 1) - from + 1, true),
        _ => new ByteRange(0, size, false),
    };

    private static bool TryParse(StringValues header, out long? first, out long? last)
    {
        (first, last) = (null, null);
        var text = header.ToString().AsSpan().Trim();
        if (!text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase) || text.Contains(','))
        {
            return false;
        }

        return TryParseOne(text[6..].Trim(), out first, out last);
    }

    /// <summary>Reads one range without its unit.</summary>
    public static bool TryParseOne(ReadOnlySpan<char> text, out long? first, out long? last)
    {
        (first, last) = (null, null);
        var dash = text.IndexOf('-');
        return dash >= 0 && TryParse(text[..dash], out first) && TryParse(text[(dash + 1)..], out last)
            && (first ?? last) is not null && (first is null || last is null || first <= last);
    }

    private static bool TryParse(ReadOnlySpan<char> text, out long? number)
    {
        number = null;
        if (text.IsEmpty)
        {
            return true;
        }

        var good = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        number = good ? value : null;
        return good;
    }
}
