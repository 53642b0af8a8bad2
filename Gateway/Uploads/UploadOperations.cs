using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Uploads;

/// <summary>Blob uploads (OCI distribution-spec, "Push"): started, continued, finished and cancelled at the upstream, streamed, never stored.</summary>
internal sealed class UploadOperations(UpstreamForwarder forwarder, UpstreamClient client, FailureLog failures, UploadStarter starter, KnownPlaces places)
{
    public async Task<DistributionError?> Start(Exchange exchange)
    {
        LiftLimits(exchange.Context);
        var (begun, error) = await starter.Start(exchange);
        return begun is null ? error : await Finish(exchange, begun);
    }

    public async Task<DistributionError?> Status(Exchange exchange)
    {
        if (StateOf(exchange) is not { } state)
        {
            return DistributionError.UploadUnknown();
        }

        using var message = new HttpRequestMessage(exchange.IsHead ? HttpMethod.Head : HttpMethod.Get, (Uri?)null);
        RequestHeaders.CopyUpload(exchange.Context.Request, message);
        var result = await client.Ask(exchange.Upstream, To(exchange, state.Location), message, exchange.Aborted);
        using (result.Answer)
        {
            if (result.Answer is not { } answer)
            {
                return result.Cause is { } cause ? failures.Tell(exchange, ForwarderError.Request, cause, result.Error!) : result.Error;
            }

            exchange.Context.Response.StatusCode = (int)answer.StatusCode;
            return UploadHeaders.Answer(answer, exchange, StatusOffset(answer, state));
        }
    }

    public async Task<DistributionError?> Chunk(Exchange exchange)
    {
        if (StateOf(exchange) is not { } state)
        {
            return DistributionError.UploadUnknown();
        }

        if (IsOutOfOrder(exchange, state))
        {
            return OutOfOrder(exchange, state);
        }

        LiftLimits(exchange.Context);
        var (answer, error) = await forwarder.Write(exchange, To(exchange, state.Location));
        return answer is null
            ? error
            : UploadHeaders.Answer(answer, exchange, UploadHeaders.Offset(answer, state.Offset + (exchange.Context.Request.ContentLength ?? 0)));
    }

    public async Task<DistributionError?> Finish(Exchange exchange) =>
        StateOf(exchange) is { } state ? await Finish(exchange, state) : DistributionError.UploadUnknown();

    public async Task<DistributionError?> Cancel(Exchange exchange)
    {
        if (StateOf(exchange) is not { } state)
        {
            return DistributionError.UploadUnknown();
        }

        var (answer, error) = await forwarder.Write(exchange, To(exchange, state.Location));
        if (answer is not null)
        {
            ResponseHeaders.CopyWritten(answer, exchange.Context.Response);
        }

        return error;
    }

    private async Task<DistributionError?> Finish(Exchange exchange, UploadState state)
    {
        if (!exchange.Path.Query.TryGetSingle("digest", out var text) || text is null || !Digest.TryParse(text, out var digest))
        {
            return DistributionError.DigestInvalid();
        }

        if (IsOutOfOrder(exchange, state))
        {
            return OutOfOrder(exchange, state);
        }

        LiftLimits(exchange.Context);
        var (answer, error) = await forwarder.Write(exchange, To(exchange, state.Location.With("digest", digest.Value)) with { Method = HttpMethod.Put });
        if (answer is not null)
        {
            UploadHeaders.AnswerCreated(answer, exchange, digest);
            places.Add(Holding.Of(exchange, digest));
        }

        return error;
    }

    /// <summary>A request of an upload that was begun.</summary>
    private static Forwarding To(Exchange exchange, OriginForm target) => new()
    {
        Target = target,
        Payer = exchange,
        Scope = UpstreamScope.Push(exchange.UpstreamName),
        NotFound = DistributionError.UploadUnknown(),
    };

    /// <summary><c>Range: 0-0</c> means both "nothing" and "one byte": an upload that got nothing through here has nothing.</summary>
    private static long StatusOffset(HttpResponseMessage upstream, UploadState state) =>
        UploadHeaders.Offset(upstream, state.Offset) is var offset && state.Offset == 0 && offset == 1 ? 0 : offset;

    /// <summary>The upload that the client's id names; <c>null</c> when it is none of the client's.</summary>
    private static UploadState? StateOf(Exchange exchange) => exchange.Map.Seal.Open(exchange.Path.UploadId!, UploadHeaders.Binding(exchange));

    private static bool IsOutOfOrder(Exchange exchange, UploadState state) =>
        exchange.Context.Request.Headers.ContentRange.ToString() is { Length: > 0 } range
        && (!UploadHeaders.TryParseRange(range, out var first, out _) || first != state.Offset);

    private static DistributionError OutOfOrder(Exchange exchange, UploadState state)
    {
        exchange.Context.Response.Headers.Location = UploadHeaders.PublicLocation(exchange, state);
        exchange.Context.Response.Headers.Range = $"0-{Math.Max(0, state.Offset - 1)}";
        return DistributionError.UploadInvalid($"the chunk must begin at byte {state.Offset}", StatusCodes.Status416RangeNotSatisfiable);
    }

    /// <summary>A layer may be of any size and arrive at any speed; that it goes on coming is watched (<see cref="Streaming.MovingBody"/>).</summary>
    private static void LiftLimits(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }
}
