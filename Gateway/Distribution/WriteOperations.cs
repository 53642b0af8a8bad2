using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Cache;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>PUT of manifests, DELETE of manifests, tags and blobs.</summary>
internal sealed class WriteOperations(UpstreamForwarder forwarder, CacheFollower cache)
{
    /// <summary>The largest manifest, in bytes: the floor that the specification sets for registries.</summary>
    public const long MaxManifestBytes = 4 * 1024 * 1024;

    public Task PutManifest(Exchange exchange)
    {
        if (exchange.Context.Request.ContentLength > MaxManifestBytes)
        {
            return DistributionErrorWriter.Write(exchange.Context, TooLarge());
        }

        exchange.Context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = MaxManifestBytes;
        return forwarder.Forward(exchange, new Forwarding
        {
            Target = $"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}",
            Scope = UpstreamScope.Push(exchange.UpstreamName),
            NotFound = DistributionError.NameUnknown(),
            TooLarge = TooLarge(),
            Request = RequestHeaders.CopyUpload,
            Succeeded = _ => Announce(exchange, exchange.Path.Reference!.ToString()),
            Response = (upstream, response) => CopyCreated(upstream, response, exchange),
        });
    }

    public Task DeleteManifest(Exchange exchange) => forwarder.Forward(exchange, new Forwarding
    {
        Target = $"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}",
        Scope = UpstreamScope.Delete(exchange.UpstreamName),
        NotFound = DistributionError.ManifestUnknown(),
        Succeeded = _ => Announce(exchange, exchange.Path.Reference!.ToString()),
        Request = RequestHeaders.CopyUpload,
        Response = NoContent,
    });

    public Task DeleteBlob(Exchange exchange) => forwarder.Forward(exchange, new Forwarding
    {
        Target = $"/v2/{exchange.UpstreamName}/blobs/{exchange.Path.Digest}",
        Scope = UpstreamScope.Delete(exchange.UpstreamName),
        NotFound = DistributionError.BlobUnknown(),
        Succeeded = _ => Announce(exchange, exchange.Path.Digest!.Value),
        Request = RequestHeaders.CopyUpload,
        Response = NoContent,
    });

    /// <summary>Other routes may cache what this one does not, so every write is told.</summary>
    private Task Announce(Exchange exchange, string reference) =>
        exchange.Map.HasCache ? cache.Announce(exchange.Destination, reference) : Task.CompletedTask;

    private static DistributionError TooLarge() =>
        DistributionError.ManifestInvalid($"the manifest is larger than {MaxManifestBytes} bytes", StatusCodes.Status413PayloadTooLarge);

    private static DistributionError? CopyCreated(HttpResponseMessage upstream, HttpResponse response, Exchange exchange)
    {
        ResponseHeaders.Copy(upstream, response);
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
        ResponseHeaders.Copy(upstream, response);
        return null;
    }
}
