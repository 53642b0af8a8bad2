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
    public async Task<DistributionError?> PutManifest(Exchange exchange)
    {
        if (exchange.Context.Request.ContentLength > Manifest.MaxBytes)
        {
            return TooLarge();
        }

        exchange.Context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = Manifest.MaxBytes;
        var (answer, error) = await Write(exchange, exchange.Path.Reference!, new Forwarding
        {
            Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}"),
            Payer = exchange,
            Scope = UpstreamScope.Push(exchange.UpstreamName),
            NotFound = DistributionError.NameUnknown(),
            TooLarge = TooLarge(),
        });
        if (answer is not null)
        {
            CopyCreated(answer, exchange);
        }

        return error;
    }

    public Task<DistributionError?> DeleteManifest(Exchange exchange) => Delete(exchange, exchange.Path.Reference!, new Forwarding
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}"),
        Payer = exchange,
        Scope = UpstreamScope.Delete(exchange.UpstreamName),
        NotFound = DistributionError.ManifestUnknown(),
    });

    public Task<DistributionError?> DeleteBlob(Exchange exchange) => Delete(exchange, ManifestReference.Of(exchange.Path.Digest!), new Forwarding
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/{exchange.Path.Digest}"),
        Payer = exchange,
        Scope = UpstreamScope.Delete(exchange.UpstreamName),
        NotFound = DistributionError.BlobUnknown(),
    });

    private async Task<DistributionError?> Delete(Exchange exchange, ManifestReference reference, Forwarding forwarding)
    {
        var (answer, error) = await Write(exchange, reference, forwarding);
        if (answer is not null)
        {
            ResponseHeaders.CopyWritten(answer, exchange.Context.Response);
        }

        return error;
    }

    /// <summary>
    /// Writes, and has every gateway forget what was there: before, since an answer may be lost, and after, unless the upstream refused. What is
    /// not sent is not told. Other routes may cache what this one does not, so every write is told.
    /// </summary>
    private async Task<UpstreamResult> Write(Exchange exchange, ManifestReference reference, Forwarding forwarding)
    {
        if (!exchange.Map.HasCache)
        {
            return await forwarder.Write(exchange, forwarding);
        }

        UpstreamResult result = default;
        var isTold = false;
        try
        {
            return result = await forwarder.Write(exchange, forwarding with { BeforeSending = Tell });
        }
        finally
        {
            if (isTold)
            {
                await announcer.End(exchange.Destination, reference, StepOf(exchange, result));
            }
        }

        async Task<DistributionError?> Tell()
        {
            isTold = await announcer.Begin(exchange.Destination, reference);
            return isTold ? null : Untold();
        }
    }

    private static WriteStep StepOf(Exchange exchange, in UpstreamResult result) =>
        result.Answer is not null ? WriteStep.Done
        : result.IsUnsent || IsRefused(exchange, result.Error) ? WriteStep.Refused
        : WriteStep.Begun;

    /// <summary>Whether it is certain that the upstream wrote nothing, and will not.</summary>
    private static bool IsRefused(Exchange exchange, DistributionError? error) =>
        !exchange.Aborted.IsCancellationRequested && error?.Status is >= 400 and < 500;

    /// <summary>Nothing was written: other gateways would go on serving what was there before.</summary>
    private static DistributionError Untold() => DistributionError.Unavailable(
        StatusCodes.Status503ServiceUnavailable, "the cluster does not answer, so other gateways cannot be told of this change; nothing was changed, try again", 5);

    private static DistributionError TooLarge() =>
        DistributionError.ManifestInvalid($"the manifest is larger than {Manifest.MaxBytes} bytes", StatusCodes.Status413PayloadTooLarge);

    private static void CopyCreated(HttpResponseMessage upstream, Exchange exchange)
    {
        var response = exchange.Context.Response;
        ResponseHeaders.CopyWritten(upstream, response);
        var digest = upstream.Headers.NonValidated.TryGetValues("Docker-Content-Digest", out var values)
            && Digest.TryParse(values.ToString(), out var claimed) ? claimed : exchange.Path.Reference!.Digest;
        if (digest is not null)
        {
            response.Headers["Docker-Content-Digest"] = digest.Value;
        }

        response.Headers.Location = $"/v2/{exchange.Repository}/manifests/{digest?.Value ?? exchange.Path.Reference!.ToString()}";
    }
}
