using Microsoft.Extensions.Primitives;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>Several ranges of one request (RFC 9110 §14.1.2), as lazy pulls send them.</summary>
internal static class ByteRanges
{
    /// <summary>More are answered whole.</summary>
    public const int MaxRanges = 1024;

    public static bool AreSeveral(StringValues header) => header.Count == 1 && header.ToString().Contains(',');

    /// <summary>
    /// Those that lie within a content of <paramref name="size"/> bytes, in its order, apart from each other; none when all lie outside:
    /// 416.
    /// <c>null</c> for the whole: what cannot be read, or is too many.
    /// </summary>
    public static ByteRange[]? Of(HttpRequest request, string etag, long size) =>
        ByteRange.IsAsked(request, etag) && Parse(request.Headers.Range.ToString().AsSpan().Trim(), size) is { } ranges
            ? Merge(ranges) : null;

    private static List<ByteRange>? Parse(ReadOnlySpan<char> text, long size)
    {
        if (!text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        text = text[6..];
        List<ByteRange> ranges = [];
        var count = 0;
        foreach (var part in text.Split(','))
        {
            var item = text[part].Trim();
            if (item.IsEmpty)
            {
                continue;
            }

            if (++count > MaxRanges || !ByteRange.TryParseOne(item, out var first, out var last))
            {
                return null;
            }

            if (ByteRange.Cut(first, last, size) is { } range)
            {
                ranges.Add(range);
            }
        }

        return count == 0 ? null : ranges;
    }

    private static ByteRange[] Merge(List<ByteRange> ranges)
    {
        ranges.Sort(static (left, right) => left.First.CompareTo(right.First));
        List<ByteRange> merged = [];
        foreach (var range in ranges)
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
