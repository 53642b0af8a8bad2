namespace RegistryProxy.Configuration;

/// <summary>The whole configuration file, read and checked. Immutable; a reload makes a new one.</summary>
public sealed record FrontDoorConfiguration
{
    public ListenConfiguration Listen { get; init; } = new();

    /// <summary>1 or more; the cluster follows the highest revision it has seen.</summary>
    public long Revision { get; init; } = 1;

    public ClusterConfiguration Cluster { get; init; } = new();

    public StateConfiguration State { get; init; } = new();

    public AdminConfiguration Admin { get; init; } = new();

    public TokenConfiguration Tokens { get; init; } = new();

    public AuditConfiguration Audit { get; init; } = new();

    public EgressConfiguration Egress { get; init; } = new();

    /// <summary><c>null</c> for none: everything is streamed.</summary>
    public CacheConfiguration? Cache { get; init; }

    public IReadOnlyDictionary<string, UpstreamConfiguration> Upstreams { get; init; } = new Dictionary<string, UpstreamConfiguration>();

    public IReadOnlyDictionary<string, AuthenticatorConfiguration> Authenticators { get; init; } =
        new Dictionary<string, AuthenticatorConfiguration>();

    /// <summary>What a tenant calls by a name: what it defines, under <c>TENANT/NAME</c>, or what all have.</summary>
    public AuthenticatorConfiguration? AuthenticatorOf(string tenant, string name) =>
        Authenticators.GetValueOrDefault($"{tenant}/{name}") ?? Authenticators.GetValueOrDefault(name);

    public IReadOnlyDictionary<string, TenantConfiguration> Tenants { get; init; } = new Dictionary<string, TenantConfiguration>();
}
