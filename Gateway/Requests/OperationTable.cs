using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>What a method means at an endpoint.</summary>
internal enum Operation
{
    Ping,
    ListCatalog,
    ListTags,
    ListReferrers,
    PullManifest,
    PullBlob,
    PutManifest,
    DeleteManifest,
    DeleteBlob,
    StartUpload,
    UploadStatus,
    UploadChunk,
    FinishUpload,
    CancelUpload,
}

/// <summary>The one table from (endpoint, method) to the operation, and from the operation to the actions it needs.</summary>
internal static class OperationTable
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    private const RepositoryActions Pull = RepositoryActions.Pull;
    private const RepositoryActions Push = RepositoryActions.Push;
    private const RepositoryActions Delete = RepositoryActions.Delete;

    /// <summary>The operation; <c>null</c> when the endpoint does not take the method.</summary>
    public static Operation? Find(DistributionEndpoint endpoint, string method) => (endpoint, Canonical(method)) switch
    {
        (DistributionEndpoint.Base, "GET" or "HEAD") => Operation.Ping,
        (DistributionEndpoint.Catalog, "GET") => Operation.ListCatalog,
        (DistributionEndpoint.Tags, "GET") => Operation.ListTags,
        (DistributionEndpoint.Referrers, "GET" or "HEAD") => Operation.ListReferrers,
        (DistributionEndpoint.Manifest, "GET" or "HEAD") => Operation.PullManifest,
        (DistributionEndpoint.Manifest, "PUT") => Operation.PutManifest,
        (DistributionEndpoint.Manifest, "DELETE") => Operation.DeleteManifest,
        (DistributionEndpoint.Blob, "GET" or "HEAD") => Operation.PullBlob,
        (DistributionEndpoint.Blob, "DELETE") => Operation.DeleteBlob,
        (DistributionEndpoint.Uploads, "POST") => Operation.StartUpload,
        (DistributionEndpoint.Upload, "GET" or "HEAD") => Operation.UploadStatus,
        (DistributionEndpoint.Upload, "PATCH") => Operation.UploadChunk,
        (DistributionEndpoint.Upload, "PUT") => Operation.FinishUpload,
        (DistributionEndpoint.Upload, "DELETE") => Operation.CancelUpload,
        _ => null,
    };

    /// <summary>Whether it reads of a repository.</summary>
    public static bool IsRead(Operation operation) =>
        operation is Operation.PullManifest or Operation.PullBlob or Operation.ListTags or Operation.ListReferrers;

    /// <summary>What the rules must grant, what the token must carry one of, and what a challenge asks for.</summary>
    public static (RepositoryActions Needed, RepositoryActions Carried, RepositoryActions Challenge) Actions(Operation operation) =>
        operation switch
        {
            Operation.ListTags or Operation.ListReferrers or Operation.PullManifest or Operation.PullBlob => (Pull, Pull, Pull),
            Operation.DeleteManifest or Operation.DeleteBlob => (Delete, Delete, Delete),

            // Clients ask for the status of an upload with the token of their pulls.
            Operation.UploadStatus => (Push, Pull | Push, Pull | Push),
            _ => (Push, Push, Pull | Push),
        };

    /// <summary>Methods that an endpoint takes, for the <c>Allow</c> header.</summary>
    public static string Allow(DistributionEndpoint endpoint) => string.Join(
        ", ", Methods.Where(method => Find(endpoint, method) is not null));

    private static string Canonical(string method) => HttpMethods.GetCanonicalizedValue(method);
}
