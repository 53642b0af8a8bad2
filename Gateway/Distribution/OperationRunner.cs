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
    public Task<DistributionError?> Run(Operation operation, Exchange exchange) => operation switch
    {
        Operation.PullManifest => pulls.Manifest(exchange),
        Operation.PullBlob => pulls.Blob(exchange),
        Operation.ListReferrers => referrers.List(exchange),
        Operation.ListTags => tags.List(exchange),
        Operation.PutManifest => push.Put(exchange),
        Operation.DeleteManifest => deletes.Manifest(exchange),
        Operation.DeleteBlob => deletes.Blob(exchange),
        Operation.StartUpload => uploads.Start(exchange),
        Operation.UploadStatus => uploads.Status(exchange),
        Operation.UploadChunk => uploads.Chunk(exchange),
        Operation.FinishUpload => uploads.Finish(exchange),
        Operation.CancelUpload => uploads.Cancel(exchange),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "not an operation on a repository"),
    };

    public Task<DistributionError?> RunOnRegistry(Operation operation, RegistryExchange exchange) => operation switch
    {
        Operation.Ping => Ping(exchange.Context),
        Operation.ListCatalog => catalog.List(exchange),
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
