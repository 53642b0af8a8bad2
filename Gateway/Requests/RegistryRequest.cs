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
