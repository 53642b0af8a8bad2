using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Ranges;

/// <summary>
/// Answers to requests for parts of a blob that is not here, as the upstream gives them: nothing can check them. What several want at the
/// same time comes once, where it is small; none of it is kept.
/// </summary>
internal sealed class ColdRanges(RangeOpener opener, RangeFlights flights, FailureLog failures, TimeProvider time)
{
    /// <summary>Answers, unless only the whole is to be had.</summary>
    public async Task<SentRanges> Send(RegistryRequest request, Fetch fetch, AskedRanges asked)
    {
        using var watch = ThrottledBody.Watch(request.Context, time);
        try
        {
            return await Shared(request, fetch, asked, watch) ?? await Alone(request, fetch, asked, watch);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            var error = failures.Tell(
                request, ForwarderError.ResponseBodyDestination, FailureCause.Of(fault),
                UpstreamErrors.Unanswered(request.Upstream, fault));
            if (request.Context.Response.HasStarted)
            {
                request.Context.Abort();
            }

            return new SentRanges(error, IsCut: true);
        }
    }

    /// <summary>From what is fetched for all; <c>null</c> when there is no room for that.</summary>
    private async Task<SentRanges?> Shared(RegistryRequest request, Fetch fetch, AskedRanges asked, IdleWatch watch)
    {
        while (flights.Join(request, fetch, asked) is var (flight, isNew))
        {
            try
            {
                var head = await flight.Head(watch.Token);
                if (head.Ranges is { } ranges)
                {
                    // The same for an upstream, and of a content that is shorter than some of them other parts, or in another order.
                    if (!ranges.AsSpan().SequenceEqual(asked.Within(head.Size)))
                    {
                        return null;
                    }

                    var reader = new FlightReader(flight, ranges);
                    return new SentRanges(await Write(request, head.Size, reader.Read, watch));
                }

                // What is refused to who began it, those who joined ask for themselves.
                if (isNew || head.Result.Error is not { IsOfCaller: true })
                {
                    return Told(request, head.Result);
                }
            }
            finally
            {
                flight.Leave();
            }
        }

        return null;
    }

    private async Task<SentRanges> Alone(RegistryRequest request, Fetch fetch, AskedRanges asked, IdleWatch watch)
    {
        var result = await opener.Open(fetch, request.Path.Digest!, asked, watch.Token);
        if (result.Opened is not { } opened)
        {
            return Told(request, result);
        }

        await using (opened)
        {
            return new SentRanges(await Write(request, opened.Size, opened.Read, watch));
        }
    }

    private static SentRanges Told(RegistryRequest request, RangesResult result)
    {
        if (result.Redirect is { } target)
        {
            var response = request.Context.Response;
            response.StatusCode = StatusCodes.Status307TemporaryRedirect;
            response.Headers.Location = target.AbsoluteUri;
            response.Headers.CacheControl = ContentHead.Never;
        }

        return new SentRanges(result.Error, result.IsWhole);
    }

    /// <summary>Writes the head and the parts; <paramref name="read"/> ends with each of them.</summary>
    private static async Task<DistributionError?> Write(
        RegistryRequest request, long size, Func<Memory<byte>, CancellationToken, ValueTask<int>> read, IdleWatch watch)
    {
        var (context, digest) = (request.Context, request.Path.Digest!);
        var writer = context.Response.BodyWriter;
        if (ContentHead.WriteRanges(context, digest, size) is { } parts)
        {
            foreach (var range in parts.Ranges)
            {
                await BodyStream.Copy(read, writer, watch, parts.HeadOf(range));
            }

            await writer.WriteAsync(parts.Tail, watch.Token);
            return null;
        }

        var (one, error) = ContentHead.WriteBlob(context, digest, size);
        if (one is not null)
        {
            await BodyStream.Copy(read, writer, watch);
        }

        return error;
    }

    /// <summary>Reads what is shared, part by part.</summary>
    private sealed class FlightReader(RangeFlight flight, ByteRange[] ranges)
    {
        private int _part;
        private int _partEnd = (int)(ranges.Length > 0 ? ranges[0].Count : 0);
        private int _position;

        public async ValueTask<int> Read(Memory<byte> buffer, CancellationToken cancellation)
        {
            if (_position == _partEnd)
            {
                _partEnd += (int)(++_part < ranges.Length ? ranges[_part].Count : 0);
                return 0;
            }

            var read = await flight.Read(_position, buffer[..Math.Min(buffer.Length, _partEnd - _position)], cancellation);
            _position += read;
            return read;
        }
    }
}

/// <summary>What became of a request for parts.</summary>
/// <param name="Error">The error for the client; <c>null</c> when it was answered, or has gone.</param>
/// <param name="IsWhole">Whether nothing was answered, since the upstream gives the whole blob alone.</param>
/// <param name="IsCut">Whether not all of it came.</param>
internal readonly record struct SentRanges(DistributionError? Error, bool IsWhole = false, bool IsCut = false);
