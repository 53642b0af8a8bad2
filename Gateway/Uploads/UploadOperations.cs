using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Uploads;

/// <summary>Blob uploads (OCI distribution-spec, "Push"): started, continued, finished and cancelled at the upstream, streamed, never stored.</summary>
internal sealed class UploadOperations(UpstreamForwarder forwarder, UploadStarter starter)
{
    public Task<DistributionError?> Start(Exchange exchange)
    {
        LiftLimits(exchange.Context);
        return starter.Start(exchange, Finish);
    }

    public Task<DistributionError?> Status(Exchange exchange) => WithState(exchange, state => forwarder.Forward(exchange, new Forwarding
    {
        Target = state.Location,
        Scope = UpstreamScope.Push(exchange.UpstreamName),
        NotFound = DistributionError.UploadUnknown(),
        SendsBody = false,
        Request = RequestHeaders.CopyUpload,
        Response = (upstream, response) => UploadHeaders.Answer(upstream, response, exchange, StatusOffset(upstream, state)),
    }));

    public Task<DistributionError?> Chunk(Exchange exchange) => WithState(exchange, state =>
    {
        if (IsOutOfOrder(exchange, state))
        {
            return OutOfOrder(exchange, state);
        }

        LiftLimits(exchange.Context);
        return forwarder.Forward(exchange, new Forwarding
        {
            Target = state.Location,
            Scope = UpstreamScope.Push(exchange.UpstreamName),
            NotFound = DistributionError.UploadUnknown(),
            Request = RequestHeaders.CopyUpload,
            Response = (upstream, response) => UploadHeaders.Answer(
                upstream, response, exchange, UploadHeaders.Offset(upstream, state.Offset + (exchange.Context.Request.ContentLength ?? 0))),
        });
    });

    public Task<DistributionError?> Finish(Exchange exchange) => WithState(exchange, state => Finish(exchange, state));

    public Task<DistributionError?> Cancel(Exchange exchange) => WithState(exchange, state => forwarder.Forward(exchange, new Forwarding
    {
        Target = state.Location,
        Scope = UpstreamScope.Push(exchange.UpstreamName),
        NotFound = DistributionError.UploadUnknown(),
        Request = RequestHeaders.CopyUpload,
        Response = (upstream, response) =>
        {
            ResponseHeaders.CopyWritten(upstream, response);
            return null;
        },
    }));

    private Task<DistributionError?> Finish(Exchange exchange, UploadState state)
    {
        if (!exchange.Path.Query.TryGetSingle("digest", out var text) || text is null || !Digest.TryParse(text, out var digest))
        {
            return Task.FromResult<DistributionError?>(DistributionError.DigestInvalid());
        }

        if (IsOutOfOrder(exchange, state))
        {
            return OutOfOrder(exchange, state);
        }

        LiftLimits(exchange.Context);
        return forwarder.Forward(exchange, new Forwarding
        {
            Target = state.Location.With("digest", digest.Value),
            Method = HttpMethod.Put,
            Scope = UpstreamScope.Push(exchange.UpstreamName),
            NotFound = DistributionError.UploadUnknown(),
            Request = RequestHeaders.CopyUpload,
            Response = (upstream, response) => UploadStarter.AnswerCreated(upstream, response, exchange, digest),
        });
    }

    /// <summary><c>Range: 0-0</c> means both "nothing" and "one byte": an upload that got nothing through here has nothing.</summary>
    private static long StatusOffset(HttpResponseMessage upstream, UploadState state) =>
        UploadHeaders.Offset(upstream, state.Offset) is var offset && state.Offset == 0 && offset == 1 ? 0 : offset;

    private static Task<DistributionError?> WithState(Exchange exchange, Func<UploadState, Task<DistributionError?>> run) =>
        exchange.Map.Seal.Open(exchange.Path.UploadId!, UploadHeaders.Binding(exchange)) is { } state
            ? run(state)
            : Task.FromResult<DistributionError?>(DistributionError.UploadUnknown());

    private static bool IsOutOfOrder(Exchange exchange, UploadState state) =>
        exchange.Context.Request.Headers.ContentRange.ToString() is { Length: > 0 } range
        && (!UploadHeaders.TryParseRange(range, out var first, out _) || first != state.Offset);

    private static Task<DistributionError?> OutOfOrder(Exchange exchange, UploadState state)
    {
        exchange.Context.Response.Headers.Location = UploadHeaders.PublicLocation(exchange, state);
        exchange.Context.Response.Headers.Range = $"0-{Math.Max(0, state.Offset - 1)}";
        return Task.FromResult<DistributionError?>(DistributionError.UploadInvalid($"the chunk must begin at byte {state.Offset}", StatusCodes.Status416RangeNotSatisfiable));
    }

    /// <summary>A layer may be of any size and arrive at any speed; what counts is that it does not stall, which the forwarder watches.</summary>
    private static void LiftLimits(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }
}
