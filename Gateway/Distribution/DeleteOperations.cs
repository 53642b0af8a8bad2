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
    public async Task<DistributionError?> Manifest(RegistryRequest request)
    {
        var subject = await referrers.SubjectOf(request);
        var error = await Delete(request, request.Path.Reference!, new UpstreamRequest
        {
            Target = OriginForm.Of($"/v2/{request.UpstreamName}/manifests/{request.Path.Reference}"),
            Payer = request,
            Scope = UpstreamScope.Of(request.UpstreamName, UpstreamScope.DeleteActionsOf(request.Upstream)),
            NotFound = DistributionError.ManifestUnknown(),
        });
        if (error is null && subject is not null)
        {
            await referrers.Deleted(request, subject);
        }

        return error;
    }

    public Task<DistributionError?> Blob(RegistryRequest request) =>
        Delete(request, ManifestReference.Of(request.Path.Digest!), new UpstreamRequest
    {
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/blobs/{request.Path.Digest}"),
        Payer = request,
        Scope = UpstreamScope.Of(request.UpstreamName, UpstreamScope.DeleteActionsOf(request.Upstream)),
        NotFound = DistributionError.BlobUnknown(),
    });

    private async Task<DistributionError?> Delete(RegistryRequest registryRequest, ManifestReference reference, UpstreamRequest request)
    {
        var (answer, error) = await writes.Run(
            registryRequest, [reference], before => deletions.Delete(registryRequest, request with { BeforeSending = before }));
        using (answer)
        {
            if (answer is not null)
            {
                ResponseHeaders.CopyWritten(answer, registryRequest.Context.Response, StatusCodes.Status202Accepted);
            }

            return error;
        }
    }
}
