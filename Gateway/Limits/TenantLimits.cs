using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// <c>limits</c> of tenants. They hold for the whole cluster: each gateway grants its share, the limit divided by the number of gateways
/// that follow the snapshot. A tenant without limits costs nothing here. A request is counted for who sends it first, and for the tenant when
/// it is not too soon: what one of them may not have is not taken from the others. Who has not said who they are leaves a quarter of the
/// tenant's to those who have; without a token none of their addresses has more than a quarter, and with an anonymous one none takes more than
/// that while others want it. Who is only told to get a token takes nothing of the tenant's: everybody begins so.
/// </summary>
internal sealed class TenantLimits
{
    /// <summary>Of what the tenant has, the part of an address without a valid token, and what all of them leave.</summary>
    private const int Parts = 4;

    private readonly ConcurrentDictionary<string, TenantUse> _tenants = new();
    private readonly ClientAddress _addresses;
    private readonly TimeProvider _time;
    private readonly Counter<long> _refused;
    private volatile int _gateways = 1;

    public TenantLimits(ClientAddress addresses, IMeterFactory meters, TimeProvider time)
    {
        (_addresses, _time) = (addresses, time);
        _refused = meters.Create("RegistryProxy.Gateway").CreateCounter<long>(
            "registryproxy.gateway.limited", "{request}", "Requests that a limit of their tenant refused");
    }

    /// <summary>How many gateways share the limits; 1 or more.</summary>
    public int Gateways
    {
        get => _gateways;
        set => _gateways = Math.Max(1, value);
    }

    /// <summary>The error for a request that comes when its tenant has nothing left, whoever sends it. Nothing is counted yet.</summary>
    public DistributionError? Spent(Tenant tenant) =>
        tenant.Limits?.RequestsPerSecond is { } rate && Use(tenant).Requests.WaitFor(1, (double)rate / _gateways) is var wait && wait > TimeSpan.Zero
            ? TooMany(tenant, wait)
            : null;

    /// <summary>Counts a request with a valid token: of its identity, or of its address when it is anonymous; the error when it comes too soon.</summary>
    public DistributionError? Admit(Tenant tenant, Caller caller, HttpContext context) =>
        caller.Token.Session?.Key is { } identity ? AdmitIdentity(tenant, identity, caller.Token.Subject)
        : AdmitAddress(tenant, context) ?? AdmitTenant(tenant, IsWithinShare(tenant, context) ? 1.0 / Parts : 2.0 / Parts);

    /// <summary>Counts a request of an identity.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="identity">As tokens name it.</param>
    /// <param name="subject">For people.</param>
    public DistributionError? AdmitIdentity(Tenant tenant, string identity, string subject) =>
        (tenant.Limits?.IdentityRequestsPerSecond is { } rate ? Admit(tenant, Use(tenant).OfIdentity(identity), rate, subject) : null)
        ?? AdmitTenant(tenant, left: 0);

    /// <summary>Counts a request without a valid token, or a login that proved nothing, for whatever reason.</summary>
    public DistributionError? AdmitStranger(Tenant tenant, HttpContext context) =>
        AdmitChallenged(tenant, context) ?? AdmitTenant(tenant, 1.0 / Parts);

    /// <summary>Counts a request without any token, which is told to get one, for its address alone.</summary>
    public DistributionError? AdmitChallenged(Tenant tenant, HttpContext context) => AdmitAddress(tenant, context) ?? AdmitShare(tenant, context);

    /// <summary>Counts a login with something that was given out here, of which it cannot be found out now whose it is.</summary>
    public DistributionError? AdmitUndecided(Tenant tenant) => AdmitTenant(tenant, left: 0);

    /// <summary>The error for a login by a user name whose identity has nothing left. Nothing is counted.</summary>
    public DistributionError? SpentBy(Tenant tenant, string user) =>
        tenant.Limits?.IdentityRequestsPerSecond is { } rate && Use(tenant).Names.TryGet(user, out var identity)
            && Use(tenant).OfIdentity(identity).WaitFor(1, (double)rate / _gateways) is var wait && wait > TimeSpan.Zero
            ? Refuse(tenant, "identity", "too many requests for this login", wait)
            : null;

    /// <summary>A user name was proved to be an identity's.</summary>
    public void Proved(Tenant tenant, string user, string identity)
    {
        if (tenant.Limits?.IdentityRequestsPerSecond is not null)
        {
            Use(tenant).Names.Set(user, identity);
        }
    }

    /// <summary>Counts a stream in and paces its bytes; the error when there are too many, or nearly and the caller has most of them.</summary>
    public (StreamLease? Lease, DistributionError? Error) Begin(Tenant tenant, CallerKey caller, HttpContext context)
    {
        if (tenant.Limits is not { } limits || (limits.ConcurrentStreams is null && limits.BytesPerSecond is null))
        {
            return (null, null);
        }

        var use = Use(tenant);
        var streams = limits.ConcurrentStreams is { } most ? use.Streams((most + _gateways - 1) / _gateways) : null;
        if (streams?.TryEnter(caller) == false)
        {
            return (null, Refuse(tenant, "streams", "too many transfers are running for this tenant", TimeSpan.FromSeconds(1)));
        }

        if (limits.BytesPerSecond is { } rate)
        {
            PacedBody.Apply(context, use.Bytes, () => (double)rate / _gateways, _time);
        }

        return (streams is null ? null : new StreamLease(streams, caller), null);
    }

    /// <summary>Counts a request for the tenant, if of what it has in a second this part is left for others.</summary>
    private DistributionError? AdmitTenant(Tenant tenant, double left)
    {
        if (tenant.Limits?.RequestsPerSecond is not { } limit)
        {
            return null;
        }

        var rate = (double)limit / _gateways;
        return Use(tenant).Requests.TryTake(1, rate, out var wait, left > 0 ? Math.Max(1, rate * left) : 0) ? null : TooMany(tenant, wait);
    }

    private DistributionError? AdmitShare(Tenant tenant, HttpContext context) =>
        tenant.Limits?.RequestsPerSecond is { } rate
            && !Use(tenant).OfStranger(SiteOf(context)).TryTake(1, (double)rate / Parts / _gateways, out var wait)
            ? Refuse(tenant, "identity", "this address sends too many requests without a valid token", wait)
            : null;

    private bool IsWithinShare(Tenant tenant, HttpContext context) =>
        tenant.Limits?.RequestsPerSecond is not { } rate || Use(tenant).OfAnonymous(SiteOf(context)).TryTake(1, (double)rate / Parts / _gateways, out _);

    private CallerAddress SiteOf(HttpContext context) => CallerAddress.Of(_addresses.Of(context)).Site;

    private DistributionError? AdmitAddress(Tenant tenant, HttpContext context) =>
        tenant.Limits?.IdentityRequestsPerSecond is { } rate
            ? AdmitAddress(tenant, rate, CallerAddress.Of(_addresses.Of(context)))
            : null;

    private DistributionError? AdmitAddress(Tenant tenant, long rate, CallerAddress address) =>
        Admit(tenant, Use(tenant).OfAddress(address), rate, "this address")
        ?? (address.HasSite ? Admit(tenant, Use(tenant).OfAddress(address.Site), rate * CallerAddress.MaxOfSite, "this network") : null);

    private DistributionError? Admit(Tenant tenant, RateGate gate, long rate, string name) =>
        gate.TryTake(1, (double)rate / _gateways, out var wait) ? null : Refuse(tenant, "identity", $"{name} sends too many requests", wait);

    private TenantUse Use(Tenant tenant) => _tenants.GetOrAdd(tenant.Name, static (_, time) => new TenantUse(time), _time);

    private DistributionError TooMany(Tenant tenant, TimeSpan wait) =>
        Refuse(tenant, "requests", "this registry gets too many requests for its tenant", wait);

    private DistributionError Refuse(Tenant tenant, string kind, string message, TimeSpan wait)
    {
        _refused.Add(1, new("tenant", tenant.Name), new("limit", kind));
        return DistributionError.TooManyRequests(message, (int)Math.Max(1, Math.Ceiling(wait.TotalSeconds)));
    }
}

/// <summary>A stream that was counted in.</summary>
internal sealed class StreamLease(SharedPlaces streams, CallerKey caller) : IDisposable
{
    public void Dispose() => streams.Leave(caller);
}
