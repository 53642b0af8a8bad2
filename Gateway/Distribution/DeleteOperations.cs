using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Referrers;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>DELETE of manifests, tags and blobs.</summary>
internal sealed class DeleteOperations(Deletions deletions, AnnouncedWrites writes, ReferrersUpkeep referrers)
{
    /// <summary>What it refers to is known only before; no list names it any more when the client is told.</summary>
    public async Task<DistributionError?> Manifest(Exchange exchange)
    {
        var subject = await referrers.SubjectOf(exchange);
        var error = await Delete(exchange, exchange.Path.Reference!, new UpstreamRequest
        {
            Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}"),
            Payer = exchange,
            Scope = UpstreamScope.Of(exchange.UpstreamName, UpstreamScope.DeleteActionsOf(exchange.Upstream)),
            NotFound = DistributionError.ManifestUnknown(),
        });
        if (error is null && subject is not null)
        {
            await referrers.Deleted(exchange, subject);
        }

        return error;
    }

    public Task<DistributionError?> Blob(Exchange exchange) => Delete(exchange, ManifestReference.Of(exchange.Path.Digest!), new UpstreamRequest
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/{exchange.Path.Digest}"),
        Payer = exchange,
        Scope = UpstreamScope.Of(exchange.UpstreamName, UpstreamScope.DeleteActionsOf(exchange.Upstream)),
        NotFound = DistributionError.BlobUnknown(),
    });

    private async Task<DistributionError?> Delete(Exchange exchange, ManifestReference reference, UpstreamRequest request)
    {
        var (answer, error) = await writes.Run(exchange, [reference], before => deletions.Delete(exchange, request with { BeforeSending = before }));
        using (answer)
        {
            if (answer is not null)
            {
                ResponseHeaders.CopyWritten(answer, exchange.Context.Response);
            }

            return error;
        }
    }
}
