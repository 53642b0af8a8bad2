using System.Net;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>
/// Asks an upstream for parts of a blob: 1. for all of them at once, 2. where it does not take that, for the first, which tells how long
/// the blob is; the others come one by one. Nothing is given out that is not said to be exactly what was asked for.
/// </summary>
internal sealed class RangeOpener(UpstreamFetcher upstream, RangeSupport support, TimeProvider time)
{
    /// <summary>Longer headers are refused by servers in front of registries, in bytes.</summary>
    public const int MaxHeader = 4 * 1024;

    /// <summary>Asks; the caller disposes of what is opened.</summary>
    public async Task<RangesResult> Open(Fetch fetch, Digest digest, AskedRanges asked, CancellationToken cancellation)
    {
        if (!support.TakesOne(fetch))
        {
            return RangesResult.Whole;
        }

        if (asked.AreNone)
        {
            return await Length(fetch, digest, cancellation) is { } length ? Opened(fetch, [], length, null) : RangesResult.Whole;
        }

        if (!asked.AreSeveral || !support.TakesSeveral(fetch, asked.Count) || asked.Text.Length > MaxHeader)
        {
            return await FirstOf(fetch, digest, asked, cancellation);
        }

        // 1. All at once.
        var result = await upstream.GetRange(fetch, asked.Text, cancellation);
        if (Told(fetch, digest, result, areSeveral: true) is { } told)
        {
            return told;
        }

        var (all, isCut) = result.Answer is { } answer ? await Several(fetch, asked, answer, cancellation) : default;
        if (all is not null)
        {
            return new RangesResult { Opened = all };
        }

        var size = SizeOf(result, digest);
        result.Answer?.Dispose();

        // 2. The first. Several are asked for again when they are more than one of the blob, and could not be had for that alone.
        var one = size is { } known ? await Alone(fetch, digest, asked, known, cancellation)
            : await FirstOf(fetch, digest, asked, cancellation);
        if (!isCut && (one.IsWhole || one.Opened?.Ranges.Length == asked.Count))
        {
            support.RefusedSeveral(fetch, asked.Count);
        }

        return one;
    }

    /// <summary>What ends it whatever else may be tried.</summary>
    private static RangesResult? Told(Fetch fetch, Digest digest, in UpstreamResult result, bool areSeveral = false)
    {
        if (result.Redirect is { } target)
        {
            result.Answer!.Dispose();
            return new RangesResult { Redirect = target };
        }

        if (result.Answer is { } answer && PulledHead.ClaimOf(answer) is { } claimed && claimed.Algorithm == digest.Algorithm
            && claimed != digest)
        {
            answer.Dispose();
            return Odd(fetch, "answered with another digest than the one that was asked for");
        }

        return result.Error is { } error && !MayBeOfRanges(result.Refused, areSeveral) ? new RangesResult { Error = error } : null;
    }

    /// <summary>
    /// Whether a refusal says no more than that these ranges are not taken: what stands in front of registries refuses many of them, or
    /// long headers, with whatever it has.
    /// </summary>
    private static bool MayBeOfRanges(RefusedAnswer? refused, bool areSeveral) => refused is { MayBeOfRange: true }
        || (areSeveral && refused?.Status is >= 402 and < 500 and not (404 or 429));

    /// <summary>Parts of one answer; <c>null</c> when it is not what was asked for, or was cut.</summary>
    private async Task<(OpenedRanges? Parts, bool IsCut)> Several(
        Fetch fetch, AskedRanges asked, HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (answer.StatusCode != HttpStatusCode.PartialContent)
        {
            return default;
        }

        if (await MultipartAnswer.Open(answer, cancellation) is not { } parts)
        {
            // One part, since there was no more than one within the content, or they are one.
            return answer.Content.Headers.ContentRange is { From: { } from, To: { } to, Length: { } length }
                && asked.Within(length) is [var one] && one.First == from && one.End == to + 1
                ? (Parts(fetch, [one], length, answer), false) : default;
        }

        try
        {
            if (await parts.Next(cancellation) is { } first && asked.Within(first.Size) is { Length: > 0 } ranges
                && ranges[0] == first.Range)
            {
                return (new OpenedRanges(fetch, upstream, ranges, first.Size, time) { Parts = (parts, first) }, false);
            }
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            return (null, true);
        }

        return default;
    }

    private async Task<RangesResult> FirstOf(Fetch fetch, Digest digest, AskedRanges asked, CancellationToken cancellation)
    {
        var result = await upstream.GetRange(fetch, asked.First, cancellation);
        if (Told(fetch, digest, result) is { } told)
        {
            return told;
        }

        if (result.Answer is not { } answer)
        {
            return (SizeOf(result, digest) ?? await Length(fetch, digest, cancellation)) is { } length
                ? asked is { AreSeveral: false } && asked.Within(length).Length > 0 ? Refused(fetch, asked, length)
                : await Alone(fetch, digest, asked, length, cancellation)
                : RangesResult.Whole;
        }

        if (!asked.AreSeveral && (await Several(fetch, asked, answer, cancellation)).Parts is { } opened)
        {
            return new RangesResult { Opened = opened };
        }

        var said = SizeOf(result, digest);
        if (answer.StatusCode != HttpStatusCode.PartialContent)
        {
            answer.Dispose();
            return Refused(fetch, asked, said);
        }

        return said is not { } size ? NotWanted(fetch, answer)
            : asked.Within(size) is { Length: > 0 } ranges && IsBeginning(answer, ranges[0])
            ? Opened(fetch, ranges, size, answer)
            : asked.AreSeveral ? await Another(fetch, digest, asked, answer, size, cancellation) : NotWanted(fetch, answer);
    }

    /// <summary>The first that was asked for is not the first within the blob: it was told how long the blob is.</summary>
    private Task<RangesResult> Another(
        Fetch fetch, Digest digest, AskedRanges asked, HttpResponseMessage answer, long size, CancellationToken cancellation)
    {
        answer.Dispose();
        return Alone(fetch, digest, asked, size, cancellation);
    }

    /// <summary>One by one, of a blob whose length is known.</summary>
    private async Task<RangesResult> Alone(Fetch fetch, Digest digest, AskedRanges asked, long size, CancellationToken cancellation)
    {
        var ranges = asked.Within(size);
        if (ranges.Length == 0)
        {
            return Opened(fetch, ranges, size, null);
        }

        var result = await upstream.GetRange(fetch, $"bytes={ranges[0].First}-{ranges[0].End - 1}", cancellation);
        if (Told(fetch, digest, result) is { } told)
        {
            return told;
        }

        if (result.Answer is not { StatusCode: HttpStatusCode.PartialContent } answer)
        {
            result.Answer?.Dispose();
            return Refused(fetch, asked, size);
        }

        return SizeOf(result, digest) == size && IsBeginning(answer, ranges[0])
            ? Opened(fetch, ranges, size, answer) : NotWanted(fetch, answer);
    }

    private RangesResult Opened(Fetch fetch, ByteRange[] ranges, long size, HttpResponseMessage? first) =>
        new() { Opened = Parts(fetch, ranges, size, first) };

    private OpenedRanges Parts(Fetch fetch, ByteRange[] ranges, long size, HttpResponseMessage? first) =>
        new(fetch, upstream, ranges, size, time) { First = first };

    /// <summary>
    /// The whole came, or nothing that is there. What was asked for may be the whole in other words, or lie outside: then it says nothing.
    /// </summary>
    private RangesResult Refused(Fetch fetch, AskedRanges asked, long? size)
    {
        if (size is { } length && asked.Within(length).Length == 0)
        {
            return Opened(fetch, [], length, null);
        }

        if (size is not { } known || asked.Within(known) is not [{ First: 0 } all] || all.End < known)
        {
            support.RefusedOne(fetch);
        }

        return RangesResult.Whole;
    }

    private static RangesResult NotWanted(Fetch fetch, HttpResponseMessage answer)
    {
        answer.Dispose();
        return Odd(fetch, "answered with another part of the blob than the one that was asked for");
    }

    private static RangesResult Odd(Fetch fetch, string what) => new()
    {
        Error = DistributionError.Unavailable(
            StatusCodes.Status502BadGateway, $"upstream '{fetch.Destination.Upstream.Name}' {what}", 5),
    };

    /// <summary>Whether an answer is a range or its beginning: an upstream may give less (RFC 9110 §15.3.7).</summary>
    private static bool IsBeginning(HttpResponseMessage answer, ByteRange range) =>
        answer.Content.Headers.ContentRange is { From: { } from, To: { } to } && from == range.First && to < range.End;

    /// <summary>Asks with HEAD, or, where that does not tell, for the first byte.</summary>
    private async Task<long?> Length(Fetch fetch, Digest digest, CancellationToken cancellation)
    {
        if (await upstream.Head(fetch, cancellation) is { } head)
        {
            using (head.Answer)
            {
                if (SizeOf(head, digest) is { } told)
                {
                    return told;
                }
            }
        }

        var first = await upstream.GetRange(fetch, "bytes=0-0", cancellation);
        using (first.Answer)
        {
            return SizeOf(first, digest);
        }
    }

    /// <summary>How long an answer says that the blob is; <c>null</c> when it does not, or that cannot be.</summary>
    private static long? SizeOf(in UpstreamResult result, Digest digest)
    {
        long? told = result switch
        {
            { Answer: { StatusCode: HttpStatusCode.OK, Content.Headers.ContentLength: { } length } } => length,
            { Answer: { StatusCode: HttpStatusCode.PartialContent, Content.Headers.ContentRange: { Length: { } total } } } => total,
            { Refused.Length: { } refused } => refused,
            _ => null,
        };
        return told is { } size && ContentHead.IsLengthOf(digest, size) ? size : null;
    }
}
