using RegistryProxy.Gateway.Listings;
using RegistryProxy.Gateway.Referrers;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Uploads;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>From an operation to the code that carries it out: it answers, or returns the error for the client.</summary>
internal sealed class OperationRunner(
    PullOperations pulls, ManifestPush push, DeleteOperations deletes, UploadOperations uploads, TagListing tags,
    ReferrersListing referrers, CatalogListing catalog)
{
    public Task<DistributionError?> Run(Operation operation, RegistryRequest request) => operation switch
    {
        Operation.PullManifest => pulls.Manifest(request),
        Operation.PullBlob => pulls.Blob(request),
        Operation.ListReferrers => referrers.List(request),
        Operation.ListTags => tags.List(request),
        Operation.PutManifest => push.Put(request),
        Operation.DeleteManifest => deletes.Manifest(request),
        Operation.DeleteBlob => deletes.Blob(request),
        Operation.StartUpload => uploads.Start(request),
        Operation.UploadStatus => uploads.Status(request),
        Operation.UploadChunk => uploads.Chunk(request),
        Operation.FinishUpload => uploads.Finish(request),
        Operation.CancelUpload => uploads.Cancel(request),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "not an operation on a repository"),
    };

    public Task<DistributionError?> RunOnRegistry(Operation operation, RegistryWideRequest request) => operation switch
    {
        Operation.Ping => Ping(request.Context),
        Operation.ListCatalog => catalog.List(request),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "not an operation on the registry"),
    };

    private static async Task<DistributionError?> Ping(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = 2;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.WriteAsync("{}", context.RequestAborted);
        }

        return null;
    }
}
