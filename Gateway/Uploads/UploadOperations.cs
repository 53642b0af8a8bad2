using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Uploads;

/// <summary>
/// Blob uploads (OCI distribution-spec, "Push"): started, continued, finished and cancelled at the upstream, streamed, never stored.
/// </summary>
internal sealed class UploadOperations(
    UpstreamForwarder forwarder, UpstreamClient client, FailureLog failures, UploadStarter starter, KnownPlaces places,
    IllegibleWrites illegible)
{
    public async Task<DistributionError?> Start(RegistryRequest request)
    {
        LiftLimits(request.Context);
        var (begun, error) = await starter.Start(request);
        return begun is null ? error : await Finish(request, begun);
    }

    public async Task<DistributionError?> Status(RegistryRequest request)
    {
        if (StateOf(request) is not { } state)
        {
            return DistributionError.UploadUnknown();
        }

        using var message = new HttpRequestMessage(request.IsHead ? HttpMethod.Head : HttpMethod.Get, (Uri?)null);
        RequestHeaders.CopyUpload(request.Context.Request, message);
        var result = await client.SendWithTimeout(request.Upstream, To(request, state.Location), message, request.Aborted);
        using (result.Answer)
        {
            if (result.Answer is not { } answer)
            {
                return result.Cause is { } cause ? failures.Tell(request, ForwarderError.Request, cause, result.Error!) : result.Error;
            }

            return UploadHeaders.Answer(answer, request, StatusOffset(answer, state), StatusCodes.Status204NoContent, state.Location);
        }
    }

    public async Task<DistributionError?> Chunk(RegistryRequest request)
    {
        if (StateOf(request) is not { } state)
        {
            return DistributionError.UploadUnknown();
        }

        if (IsOutOfOrder(request, state))
        {
            return OutOfOrder(request, state);
        }

        LiftLimits(request.Context);
        var (answer, error) = await forwarder.Write(request, To(request, state.Location));
        return answer is null
            ? error
            : UploadHeaders.Answer(answer, request,
                UploadHeaders.OffsetAfter(answer, state.Offset + (request.Context.Features.Get<MovingBody>()?.Received ?? 0)),
                former: state.Location);
    }

    public async Task<DistributionError?> Finish(RegistryRequest request) =>
        StateOf(request) is { } state ? await Finish(request, state) : DistributionError.UploadUnknown();

    public async Task<DistributionError?> Cancel(RegistryRequest request)
    {
        if (StateOf(request) is not { } state)
        {
            return DistributionError.UploadUnknown();
        }

        var (answer, error) = await forwarder.Write(request, To(request, state.Location));
        if (answer is not null)
        {
            ResponseHeaders.CopyWritten(answer, request.Context.Response, StatusCodes.Status204NoContent);
        }

        return error;
    }

    private async Task<DistributionError?> Finish(RegistryRequest request, UploadState state)
    {
        if (!request.Path.Query.TryGetSingle("digest", out var text) || text is null || !Digest.TryParse(text, out var digest))
        {
            return DistributionError.DigestInvalid();
        }

        if (IsOutOfOrder(request, state))
        {
            return OutOfOrder(request, state);
        }

        LiftLimits(request.Context);
        var (answer, error) = await Put(request, state, digest);
        if (answer is not null)
        {
            UploadHeaders.AnswerCreated(answer, request, digest);
            places.Add(RepositoryLink.Of(request, digest));
        }

        return error;
    }

    private async Task<UpstreamResult> Put(RegistryRequest request, UploadState state, Digest digest)
    {
        var result = await forwarder.Write(
            request, To(request, state.Location.With("digest", digest.Value)) with { Method = HttpMethod.Put });
        return result.IsIllegible && await illegible.Has(request, digest)
            ? new UpstreamResult(new HttpResponseMessage(HttpStatusCode.Created), null) : result;
    }

    /// <summary>A request of an upload that was begun.</summary>
    private static ForwardRequest To(RegistryRequest request, OriginForm target) => new()
    {
        Target = target,
        Payer = request,
        Scope = UpstreamScope.Push(request.UpstreamName),
        NotFound = DistributionError.UploadUnknown(),
    };

    /// <summary><c>Range: 0-0</c> means both "nothing" and "one byte": an upload that got nothing through here has nothing.</summary>
    private static long StatusOffset(HttpResponseMessage upstream, UploadState state) =>
        UploadHeaders.Offset(upstream, state.Offset) is var offset && state.Offset == 0 && offset == 1 ? 0 : offset;

    /// <summary>The upload that the client's id names; <c>null</c> when it is none of the client's.</summary>
    private static UploadState? StateOf(RegistryRequest request) =>
        request.Map.Seal.Open(request.Path.UploadId!, UploadHeaders.Binding(request));

    private static bool IsOutOfOrder(RegistryRequest request, UploadState state) =>
        request.Context.Request.Headers.ContentRange.ToString() is { Length: > 0 } text
        && (!UploadRange.TryParse(text, out var range) || range.First != state.Offset);

    private static DistributionError OutOfOrder(RegistryRequest request, UploadState state)
    {
        request.Context.Response.Headers.Location = UploadHeaders.PublicLocation(request, state);
        request.Context.Response.Headers.Range = $"0-{Math.Max(0, state.Offset - 1)}";
        return DistributionError.UploadInvalid($"the chunk must begin at byte {state.Offset}", StatusCodes.Status416RangeNotSatisfiable);
    }

    /// <summary>
    /// A layer may be of any size and arrive at any speed; that it goes on coming is watched (<see cref="MovingBody"/>).
    /// </summary>
    private static void LiftLimits(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }
}
