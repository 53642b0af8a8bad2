using System.Globalization;
using System.Security.Cryptography;
using System.Text;
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

/// <summary>Several ranges of one request (RFC 9110 §14.1.2), as lazy pulls send them.</summary>
internal static class ByteRanges
{
    /// <summary>More are answered whole.</summary>
    public const int MaxRanges = 1024;

    public static bool AreSeveral(StringValues header) => header.Count == 1 && header.ToString().Contains(',');

    /// <summary>
    /// Those that lie within a content of <paramref name="size"/> bytes: as they were asked for, or in its order and merged where any
    /// overlap; none when all lie outside: 416.
    /// <c>null</c> for the whole: what cannot be read, or is too many.
    /// </summary>
    public static ByteRange[]? Of(HttpRequest request, string etag, long size) =>
        ByteRange.IsAsked(request, etag) && Read(request.Headers.Range.ToString().AsSpan().Trim()) is { } asked
            && !asked.Exists(range => ByteRange.Cut(range.First, range.Last, size) is { IsPartial: false })
            ? Within(asked, size) : null;

    /// <summary>What a request wants, in its order, the last byte counted; <c>null</c> when it cannot be read, or is too much.</summary>
    public static List<(long? First, long? Last)>? Read(ReadOnlySpan<char> text)
    {
        if (!text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        text = text[6..];
        List<(long? First, long? Last)> ranges = [];
        foreach (var part in text.Split(','))
        {
            var item = text[part].Trim();
            if (item.IsEmpty)
            {
                continue;
            }

            if (ranges.Count == MaxRanges || !ByteRange.TryParseOne(item, out var first, out var last))
            {
                return null;
            }

            ranges.Add((first, last));
        }

        return ranges.Count == 0 ? null : ranges;
    }

    /// <summary>Those of what was read that lie within a content, none of which overlap.</summary>
    public static ByteRange[] Within(List<(long? First, long? Last)> asked, long size)
    {
        List<ByteRange> ranges = [];
        foreach (var (first, last) in asked)
        {
            if (ByteRange.Cut(first, last, size) is { IsPartial: true } range)
            {
                ranges.Add(range);
            }
        }

        return Merge(ranges);
    }

    /// <summary>
    /// As they were asked for, unless they overlap: clients such as podman take one part for each range, in their order, without looking
    /// which it is (RFC 9110 §15.3.7.2).
    /// </summary>
    private static ByteRange[] Merge(List<ByteRange> ranges)
    {
        List<ByteRange> sorted = [.. ranges.OrderBy(range => range.First)];
        if (!sorted.Skip(1).Zip(sorted, (range, before) => range.First < before.End).Contains(true))
        {
            return [.. ranges];
        }

        List<ByteRange> merged = [];
        foreach (var range in sorted)
        {
            if (merged.Count > 0 && merged[^1] is var before && range.First <= before.End)
            {
                merged[^1] = before with { Count = Math.Max(before.End, range.End) - before.First };
            }
            else
            {
                merged.Add(range);
            }
        }

        return [.. merged];
    }
}

/// <summary>The body of an answer with several ranges (RFC 9110 §14.6), whose boundary no content can know.</summary>
internal sealed class MultipartRanges(ByteRange[] ranges, long size)
{
    private readonly string _boundary = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public IReadOnlyList<ByteRange> Ranges => ranges;

    public string ContentType => $"multipart/byteranges; boundary={_boundary}";

    /// <summary>Bytes of the content.</summary>
    public long Count => ranges.Sum(range => range.Count);

    /// <summary>Bytes of the body.</summary>
    public long Length => ranges.Sum(range => HeadOf(range).Length + range.Count) + Tail.Length;

    public byte[] Tail => Encoding.ASCII.GetBytes($"\r\n--{_boundary}--\r\n");

    /// <summary>What comes before the bytes of a range.</summary>
    public byte[] HeadOf(ByteRange range) => Encoding.ASCII.GetBytes(
        $"\r\n--{_boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {range.First}-{range.End - 1}/" +
        $"{size}\r\n\r\n");
}
