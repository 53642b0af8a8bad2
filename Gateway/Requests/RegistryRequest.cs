using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>A request that was understood, allowed and routed: all that an operation needs.</summary>
internal sealed class RegistryRequest
{
    public required HttpContext Context { get; init; }

    public required TokenService TokenService { get; init; }

    public required FrontDoorMap Map { get; init; }

    public required DistributionPath Path { get; init; }

    public required Caller Caller { get; init; }

    /// <summary>The name as rules, scopes and clients know it.</summary>
    public required RepositoryName Repository { get; init; }

    public required TenantRoute Route { get; init; }

    /// <summary>Where the request goes now; a pull that falls back moves on.</summary>
    public required Destination Destination { get; set; }

    /// <summary>Whether the page for people asks: its script reaches this registry alone.</summary>
    public bool IsPage { get; init; }

    /// <summary>Whether redirects of the upstream are followed here; else the client is told to.</summary>
    public bool FollowsRedirects => IsPage || Destination.FollowRedirects;

    /// <summary>The name at the upstream.</summary>
    public RepositoryName UpstreamName => Destination.Name;

    public Upstream Upstream => Destination.Upstream;

    /// <summary>What is charged for new names; <c>null</c> when the caller is logged in.</summary>
    public NameAccount? Account { get; init; }

    /// <summary>Among whom places are shared.</summary>
    public CallerKey Key => Caller.Token.Session?.Key is { } identity ? new(identity, default) : new(null, Account?.From.Site ?? default);

    private NameCharge _charge;

    /// <summary>Whether somebody without a login asked from there for what is not there.</summary>
    public bool HasMissed { get; init; }

    /// <summary>The error for who did so too often; <c>null</c> for everybody else.</summary>
    public DistributionError? TooManyMisses { get; init; }

    /// <summary>The tags that a manifest is to be given beside its digest.</summary>
    public IReadOnlyList<Tag> Tags { get; set; } = [];

    /// <summary>The status of each write that the upstream did, if a request is several: what comes after it may fail.</summary>
    public Dictionary<ManifestReference, int>? Written { get; private set; }

    /// <summary>The upstream wrote what a reference is.</summary>
    public void HasWritten(ManifestReference reference, int status) => (Written ??= [])[reference] = status;

    /// <summary>The referrers tag that was brought up to date for this request; <c>null</c> for none.</summary>
    public Tag? ReferrersTag { get; set; }

    /// <summary>Whether the answer says no more of the repository than that it may not be there.</summary>
    public bool HasFoundNothing { get; set; }

    /// <summary>Where the answer came from.</summary>
    public CacheState Cache { get; set; }

    public bool IsHead => HttpMethods.IsHead(Context.Request.Method);

    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>An upstream token is about to be asked for: charges for it, once; the error when the caller had too many.</summary>
    public DistributionError? ChargeName()
    {
        if (Account is null || _charge != NameCharge.None)
        {
            return null;
        }

        if (Account.Take() is { } tooMany)
        {
            return tooMany;
        }

        if (Interlocked.CompareExchange(ref _charge, NameCharge.Taken, NameCharge.None) != NameCharge.None)
        {
            // What goes on for others beside this request, or after it, was charged already, or is charged to nobody.
            Account.GiveBack();
        }

        return null;
    }

    /// <summary>What was charged for is refused here, and no fault of the caller's.</summary>
    public void SpareName() => Interlocked.CompareExchange(ref _charge, NameCharge.Spared, NameCharge.Taken);

    /// <summary>The request has ended.</summary>
    public void Settle(DistributionError? error)
    {
        var charge = Interlocked.Exchange(ref _charge, NameCharge.Over);
        var status = HasFoundNothing ? StatusCodes.Status404NotFound : error?.Status ?? Context.Response.StatusCode;
        Account?.Note(charge, status, Aborted.IsCancellationRequested);
    }
}

/// <summary>A request to the registry as a whole, understood: the ping and the catalog.</summary>
/// <param name="Context">The request.</param>
/// <param name="TokenService">Whose it is.</param>
/// <param name="Map">The configuration.</param>
/// <param name="Path">What is asked for.</param>
/// <param name="Caller">Who asks.</param>
/// <param name="IsPage">Whether the page for people asks.</param>
internal readonly record struct RegistryWideRequest(
    HttpContext Context, TokenService TokenService, FrontDoorMap Map, DistributionPath Path, Caller Caller, bool IsPage);

/// <summary>Where an answer came from, as audit lines and metrics say it.</summary>
internal enum CacheState
{
    /// <summary>The route has no cache.</summary>
    None,

    /// <summary>From here.</summary>
    Hit,

    /// <summary>From here, after the upstream was asked whether it is still so.</summary>
    Revalidated,

    /// <summary>From here, although the upstream could not be asked.</summary>
    Stale,

    /// <summary>From the upstream, and kept.</summary>
    Miss,

    /// <summary>From a download that somebody else had begun.</summary>
    Joined,

    /// <summary>From another gateway, and kept.</summary>
    Peer,

    /// <summary>From the upstream, and not kept: it does not fit, or the disk cannot be written.</summary>
    Bypass,

    /// <summary>A range from the upstream, which nothing here can check, and not kept.</summary>
    Unverified,
}

/// <summary>Names of <see cref="CacheState"/>.</summary>
internal static class CacheStateNames
{
    public static string Name(this CacheState state) => state switch
    {
        CacheState.Hit => "hit",
        CacheState.Revalidated => "revalidated",
        CacheState.Stale => "stale",
        CacheState.Miss => "miss",
        CacheState.Joined => "joined",
        CacheState.Peer => "peer",
        CacheState.Bypass => "bypass",
        CacheState.Unverified => "unverified",
        _ => "none",
    };
}

/// <summary>The upstreams of a request's route in order, as far as the route falls back on what went wrong at the one before.</summary>
internal struct Fallback(RegistryRequest request)
{
    private int _asked;

    /// <summary>The error for the client when none answered: a failure says more than an absence, and the first one most.</summary>
    public DistributionError? Told { get; private set; }

    /// <summary>
    /// Takes what came of the upstream that was asked; whether the request leads to another one now, which is to be asked too.
    /// </summary>
    public bool GoesOn(DistributionError? error)
    {
        Told = error is null || Told is null || IsAbsence(Told) ? error : Told;
        while (error is not null && ++_asked < request.Route.UpstreamCount && request.Route.FallsBackOn(error))
        {
            if (request.Route.DestinationOf(request.Repository, _asked) is { } destination)
            {
                // The forwarder refuses a response that something was done to.
                request.Context.Response.StatusCode = StatusCodes.Status200OK;
                request.Context.Response.Headers.Remove("Content-Range");
                request.Destination = destination;
                return true;
            }
        }

        return false;
    }

    private static bool IsAbsence(DistributionError error) => error.Status == StatusCodes.Status404NotFound;
}

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
