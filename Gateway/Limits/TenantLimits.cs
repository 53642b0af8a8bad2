using System.Collections.Concurrent;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// <c>limits</c> of tenants. They hold for the whole cluster: gateways get permits of the cluster (<see cref="SharedPermits"/>); bytes are
/// bought by the piece, and wait (<see cref="BytePace"/>). A tenant without limits costs nothing here. A request is counted for who sends
/// it first, and for the tenant when it is not too soon: what one of them may not have is not taken from the others. Who has not said who
/// they are leaves a quarter of the tenant's to those who have; without a token none of their addresses has more than a quarter, and with
/// an anonymous one none takes more than that while others want it. Who is only told to get a token takes nothing of the tenant's:
/// everybody begins so.
/// </summary>
internal sealed class TenantLimits
{
    /// <summary>Of what the tenant has, the part of an address without a valid token, and what all of them leave.</summary>
    private const int Parts = 4;

    /// <summary>
    /// What an address may ask for in a second however many gateways there are: it is bounded by what the tenant's share is all the same,
    /// and a clock for each of them would run for minutes.
    /// </summary>
    private const double LeastOfAddress = 0.5;

    /// <summary>Requests of a tenant's administrators in a second that are not counted for the tenant, at each gateway.</summary>
    private const double AdministrationPerSecond = 5;

    private readonly ConcurrentDictionary<string, TenantUse> _tenants = new();
    private readonly LimitCaches _caches = new();
    private readonly LimitShares _shares;
    private readonly ClientAddress _addresses;
    private readonly TimeProvider _time;
    private readonly TenantMeter _meter;

    public TenantLimits(ClientAddress addresses, LimitShares shares, TenantMeter meter, TimeProvider time) =>
        (_addresses, _shares, _meter, _time) = (addresses, shares, meter, time);

    /// <summary>The error for a request that comes when its tenant has nothing left, whoever sends it. Nothing is counted yet.</summary>
    public DistributionError? Spent(Tenant tenant) =>
        tenant.Limits?.RequestsPerSecond is { } rate && Use(tenant).Requests.WaitFor(rate) is var wait && wait > TimeSpan.Zero
            ? TooMany(tenant, wait)
            : null;

    /// <summary>
    /// Counts a request with a valid token: of its identity, or of its address when it is anonymous; the error when it comes too soon.
    /// </summary>
    public ValueTask<DistributionError?> Admit(Tenant tenant, Caller caller, HttpContext context) =>
        caller.Token.Session?.Key is { } identity ? AdmitIdentity(tenant, identity, caller.Token.Subject) : AdmitAnonymous(tenant, context);

    /// <summary>
    /// Counts a request that shows a good token for the administration of the tenant: a few are beside what the tenant has for all, so
    /// that whatever floods it can be stopped.
    /// </summary>
    public ValueTask<DistributionError?> AdmitAdministrator(Tenant tenant, Caller caller, HttpContext context) =>
        Use(tenant).Administration.TryTake(1, AdministrationPerSecond, out _) ? default : Admit(tenant, caller, context);

    /// <summary>Whether somebody may try to log in for the administration of a tenant that has nothing left: a few a second.</summary>
    public bool MayLogInToAdminister(Tenant tenant) =>
        Use(tenant).AdministrationLogins.TryTake(1, AdministrationPerSecond, out _);

    /// <summary>Counts a request of an identity.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="identity">As tokens name it.</param>
    /// <param name="subject">For people.</param>
    public async ValueTask<DistributionError?> AdmitIdentity(Tenant tenant, string identity, string subject) =>
        (tenant.Limits?.IdentityRequestsPerSecond is { } rate ? await Admit(tenant, Use(tenant).OfIdentity(identity), rate, subject) : null)
        ?? await AdmitTenant(tenant, left: 0);

    /// <summary>Counts a request without a valid token, or a login that proved nothing, for whatever reason.</summary>
    public async ValueTask<DistributionError?> AdmitStranger(Tenant tenant, HttpContext context) =>
        await AdmitChallenged(tenant, context) ?? await AdmitTenant(tenant, 1.0 / Parts);

    /// <summary>Counts a request without any token, which is told to get one, for its address alone.</summary>
    public async ValueTask<DistributionError?> AdmitChallenged(Tenant tenant, HttpContext context) =>
        await AdmitAddress(tenant, context) ?? AdmitShare(tenant, context);

    /// <summary>Counts a login with something that was given out here, of which it cannot be found out now whose it is.</summary>
    public ValueTask<DistributionError?> AdmitUndecided(Tenant tenant) => AdmitTenant(tenant, left: 0);

    /// <summary>The error for a login by a user name whose identity has nothing left. Nothing is counted.</summary>
    public DistributionError? SpentBy(Tenant tenant, string user) =>
        tenant.Limits?.IdentityRequestsPerSecond is { } rate && Use(tenant).IdentityOf(user) is { } identity
            && Use(tenant).OfIdentity(identity).WaitFor(rate) is var wait && wait > TimeSpan.Zero
            ? Refuse(tenant, "identity", "too many requests for this login", wait)
            : null;

    /// <summary>A user name was proved to be an identity's.</summary>
    public void Proved(Tenant tenant, string user, string identity)
    {
        if (tenant.Limits?.IdentityRequestsPerSecond is not null)
        {
            Use(tenant).Proved(user, identity);
        }
    }

    /// <summary>
    /// Counts a stream in and paces its bytes; the error when there are too many, or nearly and the caller has most of them.
    /// </summary>
    public async ValueTask<(StreamLease? Lease, DistributionError? Error)> Begin(Tenant tenant, CallerKey caller, HttpContext context)
    {
        if (tenant.Limits is not { } limits || (limits.ConcurrentStreams is null && limits.BytesPerSecond is null))
        {
            return (null, null);
        }

        var use = Use(tenant);
        StreamLease? lease = null;
        if (limits.ConcurrentStreams is { } most && (lease = await use.Enter(caller, most)) is null)
        {
            return (null, Refuse(tenant, "streams", "too many transfers are running for this tenant", TimeSpan.FromSeconds(1)));
        }

        if (PaceOf(tenant) is { } pace)
        {
            ThrottledBody.Apply(context, pace);
        }

        return (lease, null);
    }

    /// <summary>What the bytes of a tenant keep to; <c>null</c> where they are not limited.</summary>
    public BytePace? PaceOf(Tenant tenant) =>
        tenant.Limits?.BytesPerSecond is { } rate ? Use(tenant).PaceOf(rate) : null;

    /// <summary>Limits that the cluster does not share out to this gateway.</summary>
    public UnsharedLimits Unshared => _shares.Unshared;

    /// <summary>How many transfers of a tenant run here, where they are counted.</summary>
    public int StreamsOf(string tenant) => _tenants.TryGetValue(tenant, out var use) ? use.Streams : 0;

    /// <summary>Forgets tenants; transfers that run end as they would.</summary>
    /// <param name="isKept">Whether one is in the configuration.</param>
    public void Keep(Func<string, bool> isKept)
    {
        foreach (var tenant in _tenants.Keys.Where(tenant => !isKept(tenant)))
        {
            _tenants.TryRemove(tenant, out _);
        }
    }

    /// <summary>Counts a request for the tenant, if of what it has in a second this part is left for others.</summary>
    private async ValueTask<DistributionError?> AdmitTenant(Tenant tenant, double left) =>
        tenant.Limits?.RequestsPerSecond is { } limit && await Use(tenant).Requests.Take(limit, left) is var wait && wait > TimeSpan.Zero
            ? TooMany(tenant, wait) : null;

    private async ValueTask<DistributionError?> AdmitAnonymous(Tenant tenant, HttpContext context) =>
        await AdmitAddress(tenant, context)
        ?? await AdmitTenant(tenant, IsWithinShare(tenant, context) ? 1.0 / Parts : 2.0 / Parts);

    private DistributionError? AdmitShare(Tenant tenant, HttpContext context) =>
        tenant.Limits?.RequestsPerSecond is { } rate
            && !Use(tenant).OfStranger(SiteOf(context)).TryTake(1, PartOf(tenant, rate), out var wait)
            ? Refuse(tenant, "identity", "this address sends too many requests without a valid token", wait)
            : null;

    private bool IsWithinShare(Tenant tenant, HttpContext context) =>
        tenant.Limits?.RequestsPerSecond is not { } rate
            || Use(tenant).OfAnonymous(SiteOf(context)).TryTake(1, PartOf(tenant, rate), out _);

    private double PartOf(Tenant tenant, double rate) =>
        _shares.Gateways == 1 ? rate / Parts
            : Math.Max(LeastOfAddress, Math.Clamp(Use(tenant).Requests.PerSecond, rate / _shares.Gateways, rate) / Parts);

    private CallerAddress SiteOf(HttpContext context) => CallerAddress.Of(_addresses.Of(context)).Site;

    private ValueTask<DistributionError?> AdmitAddress(Tenant tenant, HttpContext context) =>
        tenant.Limits?.IdentityRequestsPerSecond is { } rate
            ? AdmitAddress(tenant, rate, CallerAddress.Of(_addresses.Of(context)))
            : default;

    private async ValueTask<DistributionError?> AdmitAddress(Tenant tenant, long rate, CallerAddress address) =>
        (address.HasSite ? await Admit(tenant, Use(tenant).OfAddress(address.Site), rate * CallerAddress.MaxOfSite, "this network") : null)
        ?? await Admit(tenant, Use(tenant).OfAddress(address), rate, "this address");

    private async ValueTask<DistributionError?> Admit(Tenant tenant, SharedPermits permits, long rate, string name) =>
        await permits.Take(rate) is var wait && wait > TimeSpan.Zero
            ? Refuse(tenant, "identity", $"{name} sends too many requests", wait) : null;

    private TenantUse Use(Tenant tenant) => _tenants.TryGetValue(tenant.Name, out var use)
        ? use
        : _tenants.GetOrAdd(tenant.Name, name => new TenantUse(name, _shares, _caches, _time));

    private DistributionError TooMany(Tenant tenant, TimeSpan wait) =>
        Refuse(tenant, "requests", "this registry gets too many requests for its tenant", wait);

    private DistributionError Refuse(Tenant tenant, string kind, string message, TimeSpan wait)
    {
        _meter.Limited(tenant.Name, kind);
        return DistributionError.TooManyRequests(message, (int)Math.Max(1, Math.Ceiling(wait.TotalSeconds)));
    }
}

/// <summary>A stream that was counted in.</summary>
/// <param name="streams">The places of this gateway.</param>
/// <param name="caller">Whose it is.</param>
/// <param name="places">Those of the cluster, of which it has one; <c>null</c> for a gateway that is alone.</param>
internal sealed class StreamLease(SharedPlaces streams, CallerKey caller, SharedPermits? places) : IDisposable
{
    public void Dispose()
    {
        streams.Leave(caller);
        places?.GiveBack();
    }
}
