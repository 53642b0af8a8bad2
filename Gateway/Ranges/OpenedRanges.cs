using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>
/// Parts of a blob as they come from its upstream: from the parts of one answer as far as these are what was asked for, the rest range by
/// range, a few at once. What is cut is resumed.
/// </summary>
internal sealed class OpenedRanges(Fetch fetch, UpstreamFetcher upstream, ByteRange[] ranges, long size, TimeProvider time)
    : IAsyncDisposable
{
    /// <summary>Answers that are begun at once; those whose turn has not come hold no more than a socket does.</summary>
    public const int MaxAtOnce = 4;

    private readonly CancellationTokenSource _stop = new();
    private readonly Task<HttpResponseMessage?>?[] _begun = new Task<HttpResponseMessage?>?[MaxAtOnce];
    private ResumingBody? _body;
    private int _next;
    private int _ahead;

    /// <summary>The parts, none of which overlap.</summary>
    public ByteRange[] Ranges => ranges;

    /// <summary>How long the blob is, in bytes.</summary>
    public long Size => size;

    /// <summary>What the upstream answered to all of it, with the first part read.</summary>
    public (MultipartAnswer Answer, RangePart First)? Parts { get; set; }

    /// <summary>What it answered to the first part alone.</summary>
    public HttpResponseMessage? First { get; set; }

    /// <summary>Reads some bytes of a part; 0 at its end, after which the next one is read, and after the last one.</summary>
    /// <exception cref="IOException">The upstream ended early and does not go on.</exception>
    public async ValueTask<int> Read(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_next == ranges.Length)
        {
            return 0;
        }

        _body ??= new ResumingBody(await Begin(ranges[_next], cancellation), ranges[_next].First, ranges[_next].End, size, Reopen,
            upstream.Resumed, time);
        var read = await _body.Read(buffer, cancellation);
        if (read == 0)
        {
            await _body.DisposeAsync();
            (_body, _next) = (null, _next + 1);
        }

        return read;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_body is not null)
        {
            await _body.DisposeAsync();
        }

        Parts?.Answer.Dispose();
        First?.Dispose();
        foreach (var begun in _begun)
        {
            (begun is null ? null : await begun)?.Dispose();
        }

        _stop.Dispose();
    }

    private async Task<HttpResponseMessage> Begin(ByteRange range, CancellationToken cancellation)
    {
        if (Parts is { } parts)
        {
            if (await NextPart(parts, cancellation) is { } part && part.Range == range && part.Size == size)
            {
                return new HttpResponseMessage { Content = new StreamContent(part.Body) };
            }

            parts.Answer.Dispose();
            (Parts, _ahead) = (null, _next);
        }

        if (First is { } first)
        {
            (First, _ahead) = (null, _next + 1);
            return first;
        }

        // What did not come the first time is asked for again, like what was cut.
        return await NextAlone(cancellation) ?? new HttpResponseMessage();
    }

    /// <summary>The first one was read to know how long the blob is.</summary>
    private async Task<RangePart?> NextPart((MultipartAnswer Answer, RangePart First) parts, CancellationToken cancellation)
    {
        try
        {
            return _next == 0 ? parts.First : await parts.Answer.Next(cancellation);
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException)
        {
            return null;
        }
    }

    private async Task<HttpResponseMessage?> NextAlone(CancellationToken cancellation)
    {
        for (_ahead = Math.Max(_ahead, _next); _ahead < Math.Min(ranges.Length, _next + MaxAtOnce); _ahead++)
        {
            _begun[_ahead % MaxAtOnce] = Alone(ranges[_ahead], _stop.Token);
        }

        var answer = await _begun[_next % MaxAtOnce]!.WaitAsync(cancellation);
        _begun[_next % MaxAtOnce] = null;
        return answer;
    }

    /// <summary>Never throws, since nobody may come for it.</summary>
    private async Task<HttpResponseMessage?> Alone(ByteRange range, CancellationToken stop)
    {
        var answer = (await upstream.GetRange(fetch, TextOf(range.First, range.End), stop)).Answer;
        if (answer is null
            || (ResumingBody.GoesOn(answer, range.First, size) && answer.StatusCode == System.Net.HttpStatusCode.PartialContent))
        {
            return answer;
        }

        answer.Dispose();
        return null;
    }

    private async Task<HttpResponseMessage?> Reopen(long offset, CancellationToken cancellation) =>
        (await upstream.GetRange(fetch, TextOf(offset, ranges[_next].End), cancellation)).Answer;

    private static string TextOf(long first, long end) => $"bytes={first}-{end - 1}";
}
