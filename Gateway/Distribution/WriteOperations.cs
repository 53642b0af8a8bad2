using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>PUT of manifests, DELETE of manifests, tags and blobs.</summary>
internal sealed class WriteOperations(UpstreamForwarder forwarder, WriteAnnouncer announcer)
{
    public Task<DistributionError?> PutManifest(Exchange exchange)
    {
        if (exchange.Context.Request.ContentLength > Manifest.MaxBytes)
        {
            return Task.FromResult<DistributionError?>(TooLarge());
        }

        exchange.Context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = Manifest.MaxBytes;
        return Write(exchange, exchange.Path.Reference!, new Forwarding
        {
            Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}"),
            Scope = UpstreamScope.Push(exchange.UpstreamName),
            NotFound = DistributionError.NameUnknown(),
            TooLarge = TooLarge(),
            Request = RequestHeaders.CopyUpload,
            Response = (upstream, response) => CopyCreated(upstream, response, exchange),
        });
    }

    public Task<DistributionError?> DeleteManifest(Exchange exchange) => Write(exchange, exchange.Path.Reference!, new Forwarding
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}"),
        Scope = UpstreamScope.Delete(exchange.UpstreamName),
        NotFound = DistributionError.ManifestUnknown(),
        Request = RequestHeaders.CopyUpload,
        Response = NoContent,
    });

    public Task<DistributionError?> DeleteBlob(Exchange exchange) => Write(exchange, ManifestReference.Of(exchange.Path.Digest!), new Forwarding
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/{exchange.Path.Digest}"),
        Scope = UpstreamScope.Delete(exchange.UpstreamName),
        NotFound = DistributionError.BlobUnknown(),
        Request = RequestHeaders.CopyUpload,
        Response = NoContent,
    });

    /// <summary>
    /// Writes, and has every gateway forget what was there: before, since an answer may be lost, and after. Other routes may cache what this
    /// one does not, so every write is told.
    /// </summary>
    private async Task<DistributionError?> Write(Exchange exchange, ManifestReference reference, Forwarding forwarding)
    {
        if (!exchange.Map.HasCache)
        {
            return await forwarder.Forward(exchange, forwarding);
        }

        if (!await announcer.Announce(exchange.Destination, reference, isFinished: false))
        {
            return Untold();
        }

        var isTold = false;
        DistributionError? error = null;
        try
        {
            return error = await forwarder.Forward(exchange, forwarding with { Succeeded = async _ =>
            {
                await announcer.Announce(exchange.Destination, reference, isFinished: true);
                isTold = true;
            } });
        }
        finally
        {
            if (!isTold)
            {
                await announcer.Announce(exchange.Destination, reference, IsRefused(exchange, error));
            }
        }
    }

    /// <summary>Whether it is certain that the upstream wrote nothing, and will not.</summary>
    private static bool IsRefused(Exchange exchange, DistributionError? error) =>
        !exchange.Aborted.IsCancellationRequested && (error?.Status ?? exchange.Context.Response.StatusCode) is >= 400 and < 500;

    /// <summary>Nothing was written: other gateways would go on serving what was there before.</summary>
    private static DistributionError Untold() => DistributionError.Unavailable(
        StatusCodes.Status503ServiceUnavailable, "the cluster does not answer, so other gateways cannot be told of this change; nothing was changed, try again", 5);

    private static DistributionError TooLarge() =>
        DistributionError.ManifestInvalid($"the manifest is larger than {Manifest.MaxBytes} bytes", StatusCodes.Status413PayloadTooLarge);

    private static DistributionError? CopyCreated(HttpResponseMessage upstream, HttpResponse response, Exchange exchange)
    {
        ResponseHeaders.CopyWritten(upstream, response);
        var digest = upstream.Headers.NonValidated.TryGetValues("Docker-Content-Digest", out var values)
            && Digest.TryParse(values.ToString(), out var claimed) ? claimed : exchange.Path.Reference!.Digest;
        if (digest is not null)
        {
            response.Headers["Docker-Content-Digest"] = digest.Value;
        }

        response.Headers.Location = $"/v2/{exchange.Repository}/manifests/{digest?.Value ?? exchange.Path.Reference!.ToString()}";
        return null;
    }

    private static DistributionError? NoContent(HttpResponseMessage upstream, HttpResponse response)
    {
        ResponseHeaders.CopyWritten(upstream, response);
        return null;
    }
}
