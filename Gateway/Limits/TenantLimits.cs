using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// <c>limits</c> of tenants. They hold for the whole cluster: each gateway grants its share, the limit divided by the number of gateways
/// that follow the snapshot. A tenant without limits costs nothing here.
/// </summary>
internal sealed class TenantLimits
{
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

    /// <summary>Counts a request on the host of a tenant, whatever it asks for; the error when it comes too soon.</summary>
    public DistributionError? Admit(Tenant tenant) =>
        tenant.Limits?.RequestsPerSecond is { } rate && !Use(tenant).Requests.TryTake(1, (double)rate / _gateways, out var wait)
            ? Refuse(tenant, "requests", "this registry gets too many requests for its tenant", wait)
            : null;

    /// <summary>Counts a request of an identity, or of an address when it is anonymous.</summary>
    public DistributionError? Admit(Tenant tenant, Caller caller, HttpContext context) =>
        tenant.Limits?.IdentityRequestsPerSecond is not { } rate ? null
        : caller.Token.Session?.Key is { } identity ? Admit(tenant, Use(tenant).OfIdentity(identity), rate, caller.Token.Subject)
        : AdmitAddress(tenant, context);

    /// <summary>Counts a request of nobody known: of its address.</summary>
    public DistributionError? AdmitAddress(Tenant tenant, HttpContext context) =>
        tenant.Limits?.IdentityRequestsPerSecond is { } rate
            ? AdmitAddress(tenant, rate, CallerAddress.Of(_addresses.Of(context)))
            : null;

    /// <summary>Counts a stream in and paces its bytes; the error when there are too many.</summary>
    public (StreamLease? Lease, DistributionError? Error) Begin(Tenant tenant, HttpContext context)
    {
        if (tenant.Limits is not { } limits || (limits.ConcurrentStreams is null && limits.BytesPerSecond is null))
        {
            return (null, null);
        }

        var use = Use(tenant);
        if (limits.ConcurrentStreams is { } most && !use.TryBeginStream((most + _gateways - 1) / _gateways))
        {
            return (null, Refuse(tenant, "streams", "too many transfers are running for this tenant", TimeSpan.FromSeconds(1)));
        }

        if (limits.BytesPerSecond is { } rate)
        {
            PacedBody.Apply(context, use.Bytes, () => (double)rate / _gateways, _time);
        }

        return (limits.ConcurrentStreams is null ? null : new StreamLease(use), null);
    }

    private DistributionError? AdmitAddress(Tenant tenant, long rate, CallerAddress address) =>
        Admit(tenant, Use(tenant).OfAddress(address), rate, "this address")
        ?? (address.HasSite ? Admit(tenant, Use(tenant).OfAddress(address.Site), rate * CallerAddress.MaxOfSite, "this network") : null);

    private DistributionError? Admit(Tenant tenant, RateGate gate, long rate, string name) =>
        gate.TryTake(1, (double)rate / _gateways, out var wait) ? null : Refuse(tenant, "identity", $"{name} sends too many requests", wait);

    private TenantUse Use(Tenant tenant) => _tenants.GetOrAdd(tenant.Name, static (_, time) => new TenantUse(time), _time);

    private DistributionError Refuse(Tenant tenant, string kind, string message, TimeSpan wait)
    {
        _refused.Add(1, new("tenant", tenant.Name), new("limit", kind));
        return DistributionError.TooManyRequests(message, (int)Math.Max(1, Math.Ceiling(wait.TotalSeconds)));
    }
}

/// <summary>A stream that was counted in.</summary>
internal sealed class StreamLease(TenantUse use) : IDisposable
{
    public void Dispose() => use.EndStream();
}
