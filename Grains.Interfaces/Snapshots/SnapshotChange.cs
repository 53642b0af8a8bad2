using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>What of a snapshot is another than at a version before: its parts, each whole.</summary>
[GenerateSerializer, Immutable, Alias("rp.snapshot-change")]
public sealed record SnapshotChange
{
    /// <summary>The version that it changes.</summary>
    [Id(0)]
    public required string Since { get; init; }

    /// <summary>As <see cref="GatewaySnapshot.Version"/>.</summary>
    [Id(1)]
    public required string Version { get; init; }

    /// <summary>As <see cref="GatewaySnapshot.ConfigurationVersion"/>.</summary>
    [Id(2)]
    public required string ConfigurationVersion { get; init; }

    /// <summary>As <see cref="GatewaySnapshot.AccessLifetime"/>.</summary>
    [Id(3)]
    public required TimeSpan AccessLifetime { get; init; }

    /// <summary>As <see cref="GatewaySnapshot.Revision"/>.</summary>
    [Id(4)]
    public long Revision { get; init; }

    /// <summary>Tenants that are new or others.</summary>
    [Id(5)]
    public IReadOnlyList<TenantSnapshot> Tenants { get; init; } = [];

    /// <summary>Tenants that are gone.</summary>
    [Id(6)]
    public IReadOnlyList<string> GoneTenants { get; init; } = [];

    /// <summary>Upstreams that are new or others, or whose credentials are.</summary>
    [Id(7)]
    public IReadOnlyList<UpstreamSnapshot> Upstreams { get; init; } = [];

    /// <summary>Upstreams that are gone.</summary>
    [Id(8)]
    public IReadOnlyList<string> GoneUpstreams { get; init; } = [];

    /// <summary>As <see cref="GatewaySnapshot.Keys"/>; <c>null</c> when they are the same.</summary>
    [Id(9)]
    public IReadOnlyList<TokenKey>? Keys { get; init; }

    /// <summary>As <see cref="GatewaySnapshot.UploadKeys"/>; <c>null</c> when they are the same.</summary>
    [Id(10)]
    public IReadOnlyList<Secret>? UploadKeys { get; init; }

    /// <summary>
    /// What names the rules of tenants that are otherwise as they were: a file that many of them use is another. Empty for gateways below
    /// <see cref="SnapshotPosition.TakesStamps"/>, which get the tenants.
    /// </summary>
    [Id(11)]
    public IReadOnlyList<TenantRules> Stamps { get; init; } = [];

    /// <summary>The snapshot that a gateway has, with this change.</summary>
    public GatewaySnapshot On(GatewaySnapshot known)
    {
        var (tenants, upstreams) = (Tenants.Select(tenant => tenant.Name).ToHashSet(),
            Upstreams.Select(upstream => upstream.Name).ToHashSet());
        var stamps = Stamps.ToDictionary(rules => rules.Tenant, rules => rules.Stamp);
        tenants.UnionWith(GoneTenants);
        upstreams.UnionWith(GoneUpstreams);
        return known with
        {
            Version = Version,
            ConfigurationVersion = ConfigurationVersion,
            AccessLifetime = AccessLifetime,
            Revision = Revision,
            Tenants =
            [
                .. known.Tenants.Where(tenant => !tenants.Contains(tenant.Name)).Select(tenant =>
                    stamps.TryGetValue(tenant.Name, out var stamp) ? tenant with { RulesStamp = stamp } : tenant),
                .. Tenants,
            ],
            Upstreams = [.. known.Upstreams.Where(upstream => !upstreams.Contains(upstream.Name)), .. Upstreams],
            Keys = Keys ?? known.Keys,
            UploadKeys = UploadKeys ?? known.UploadKeys,
        };
    }
}
