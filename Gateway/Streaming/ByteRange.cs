using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>
/// What of a content a client wants (RFC 9110 §14): one range, or all. Several ranges, units that are not bytes and what cannot be read are
/// answered whole, as the RFC allows.
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
        if (request.Headers.Range is not { Count: 1 } header || !HttpMethods.IsGet(request.Method)
            || (request.Headers.IfRange is { Count: > 0 } condition && condition != etag))
        {
            return whole;
        }

        return TryParse(header, out var first, out var last) is not true ? whole : Cut(first, last, size);
    }

    /// <summary>Whether a header is one range that can be read.</summary>
    public static bool IsOne(StringValues header) => header.Count == 1 && TryParse(header, out _, out _);

    private static ByteRange? Cut(long? first, long? last, long size) => (first, last) switch
    {
        (null, { } suffix) when suffix == 0 || size == 0 => null,
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

        text = text[6..].Trim();
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
