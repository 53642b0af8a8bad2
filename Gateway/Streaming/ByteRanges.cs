using Microsoft.Extensions.Primitives;

namespace RegistryProxy.Gateway.Streaming;

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
