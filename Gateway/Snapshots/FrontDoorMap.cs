using System.Collections.Frozen;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Snapshots;

/// <summary>A snapshot, indexed for requests: hosts to tenants, keys to verify with. Immutable.</summary>
internal sealed class FrontDoorMap
{
    private readonly Tenant? _anyHost;
    private readonly Dictionary<string, string?> _rules;
    private readonly FrozenDictionary<string, Tenant>.AlternateLookup<ReadOnlySpan<char>> _byHost;
    private readonly FrozenDictionary<string, Upstream> _upstreams;

    public FrontDoorMap(GatewaySnapshot snapshot)
    {
        Snapshot = snapshot;
        var named = snapshot.Upstreams.ToDictionary(upstream => upstream.Name);
        var upstreams = named.Values.ToDictionary(
            upstream => upstream.Name, upstream => new Upstream(upstream, SharingWith(upstream, named)));
        var tenants = snapshot.Tenants.Select(tenant => new Tenant(tenant, upstreams)).ToList();
        var hosts = tenants.SelectMany(tenant => tenant.Hosts.Select(host => (host, tenant)))
            .Where(pair => pair.host != "*")
            .ToFrozenDictionary(pair => pair.host, pair => pair.tenant, StringComparer.OrdinalIgnoreCase);
        _byHost = hosts.GetAlternateLookup<ReadOnlySpan<char>>();
        _upstreams = upstreams.Values.ToFrozenDictionary(upstream => upstream.Identity);
        _anyHost = tenants.Find(tenant => tenant.Hosts.Contains("*"));
        _rules = snapshot.Tenants.ToDictionary(tenant => tenant.Name, tenant => tenant.RulesStamp);
        HasCache = snapshot.Tenants.Any(tenant => tenant.Routes.Any(route => route.Cache));
        Verifier = new AccessTokenVerifier(snapshot.Keys, snapshot.AccessLifetime);
        Seal = new UploadSeal(snapshot.UploadKeys);
        Positions = new ListingSeal(snapshot.UploadKeys);
    }

    public GatewaySnapshot Snapshot { get; }

    /// <summary>Whether any route is cached.</summary>
    public bool HasCache { get; }

    public AccessTokenVerifier Verifier { get; }

    public UploadSeal Seal { get; }

    /// <summary>Where listings go on.</summary>
    public ListingSeal Positions { get; }

    /// <summary>The upstream of an <see cref="Upstream.Identity"/>.</summary>
    public Upstream? UpstreamOf(string identity) => _upstreams.GetValueOrDefault(identity);

    /// <summary>Whether there is such a tenant.</summary>
    public bool HasTenant(string tenant) => _rules.ContainsKey(tenant);

    /// <summary>What names the rules of a tenant; <c>null</c> when nobody says.</summary>
    public string? RulesOf(string tenant) => _rules.GetValueOrDefault(tenant);

    /// <summary>The tenant that answers on a host name without port.</summary>
    public Tenant? TenantOf(ReadOnlySpan<char> host) => _byHost.TryGetValue(host, out var tenant) ? tenant : _anyHost;

    private static IEnumerable<UpstreamSnapshot> SharingWith(UpstreamSnapshot upstream, Dictionary<string, UpstreamSnapshot> named) =>
        upstream.SharesContentWith.Distinct().Where(name => name != upstream.Name).Select(named.GetValueOrDefault)
            .OfType<UpstreamSnapshot>().Where(other => other.SharesContentWith.Contains(upstream.Name));
}

/// <summary>The map that requests use now; <c>null</c> until the first snapshot came.</summary>
internal sealed class CurrentMap(TimeProvider time)
{
    /// <summary>
    /// How long a request waits for the first map. A front door that has just begun to listen has one in a moment, or in some seconds when
    /// the silo that it asks first has died with it; a balancer may send requests before it has noticed that it was away.
    /// </summary>
    private static readonly TimeSpan FirstMapTimeout = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile FrontDoorMap? _map;

    public FrontDoorMap? Value => _map;

    public void Replace(FrontDoorMap map)
    {
        _map = map;
        _first.TrySetResult();
    }

    /// <summary>Waits a little for the first map; whether there is one now.</summary>
    public async ValueTask<bool> Arrives(CancellationToken cancellation)
    {
        await _first.Task.WaitAsync(FirstMapTimeout, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _map is not null;
    }
}
