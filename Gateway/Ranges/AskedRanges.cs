using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>The parts of a blob that a request wants, before it is known how long the blob is.</summary>
internal sealed class AskedRanges
{
    private readonly List<(long? First, long? Last)> _said;
    private readonly List<(long? First, long? Last)> _asked;

    private AskedRanges(List<(long? First, long? Last)> said, List<(long? First, long? Last)> asked) => (_said, _asked) = (said, asked);

    /// <summary>
    /// As the header <c>Range</c> says it to an upstream: as the client did, or sorted and merged where any overlap.
    /// </summary>
    public string Text => $"bytes={string.Join(',', _asked.Select(TextOf))}";

    /// <summary>The same for the first part alone.</summary>
    public string First => $"bytes={TextOf(_asked[0])}";

    public bool AreSeveral => _asked.Count > 1;

    /// <summary>Whether it is nothing of any content: the last 0 bytes.</summary>
    public bool AreNone => _asked.Count == 0;

    /// <summary>How many they are.</summary>
    public int Count => _asked.Count;

    /// <summary>How many bytes they are at most; <c>null</c> when one has no end.</summary>
    public long? MaxBytes
    {
        get
        {
            Int128 sum = 0;
            foreach (var (first, last) in _asked)
            {
                if (last is not { } end)
                {
                    return null;
                }

                sum += (Int128)end - (first ?? 1) + 1;
            }

            return sum > long.MaxValue ? null : (long)sum;
        }
    }

    /// <summary>What a request wants; <c>null</c> when that is the whole, or cannot be read.</summary>
    public static AskedRanges? Of(HttpRequest request, string etag)
    {
        if (!ByteRange.IsAsked(request, etag) || ByteRanges.Read(request.Headers.Range.ToString().AsSpan().Trim()) is not { } asked)
        {
            return null;
        }

        var merged = Overlap(asked) ? Merge(asked) : asked;
        return merged.Contains((0, null)) ? null : new AskedRanges(asked, merged);
    }

    /// <inheritdoc cref="ByteRanges.Within"/>
    public ByteRange[] Within(long size) => ByteRanges.Within(_said, size);

    /// <summary>Whether any overlap, as far as that can be told without knowing the length.</summary>
    private static bool Overlap(List<(long? First, long? Last)> asked)
    {
        var sorted = asked.Where(range => range.First is not null).OrderBy(range => range.First).ToList();
        return asked.Count - sorted.Count > 1
            || sorted.Skip(1).Zip(sorted, (range, before) => before.Last is null || range.First <= before.Last).Contains(true);
    }

    /// <summary>Those with an end in their order, then the one without, then the last bytes of the content.</summary>
    private static List<(long? First, long? Last)> Merge(List<(long? First, long? Last)> asked)
    {
        var open = asked.Where(range => range.Last is null).Min(range => range.First);
        var suffix = asked.Where(range => range is { First: null, Last: > 0 }).Max(range => range.Last);
        List<(long? First, long? Last)> merged = [];
        foreach (var (first, last) in asked.Where(range => range is { First: not null, Last: not null }).OrderBy(range => range.First))
        {
            if (merged.Count > 0 && merged[^1] is var before && first - 1 <= before.Last)
            {
                merged[^1] = (before.First, Math.Max(before.Last!.Value, last!.Value));
            }
            else
            {
                merged.Add((first, last));
            }
        }

        while (open is not null && merged.Count > 0 && merged[^1].Last >= open - 1)
        {
            open = Math.Min(open.Value, merged[^1].First!.Value);
            merged.RemoveAt(merged.Count - 1);
        }

        if (open is not null)
        {
            merged.Add((open, null));
        }

        if (suffix is not null)
        {
            merged.Add((null, suffix));
        }

        return merged;
    }

    private static string TextOf((long? First, long? Last) range) => $"{range.First}-{range.Last}";
}
