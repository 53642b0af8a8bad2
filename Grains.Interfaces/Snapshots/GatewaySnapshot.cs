using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Everything that a gateway needs to decide and to forward without asking; of the secrets of upstreams it has those of connections alone,
/// and no private key of the cluster.
/// </summary>
[GenerateSerializer, Immutable, Alias("rp.snapshot")]
public sealed record GatewaySnapshot
{
    /// <summary>Changes whenever the configuration, a password file or the keys change.</summary>
    [Id(0)]
    public required string Version { get; init; }

    /// <summary>The configuration alone, as <c>/readyz</c> shows it.</summary>
    [Id(1)]
    public required string ConfigurationVersion { get; init; }

    [Id(2)]
    public required IReadOnlyList<TenantSnapshot> Tenants { get; init; }

    [Id(3)]
    public required IReadOnlyList<UpstreamSnapshot> Upstreams { get; init; }

    /// <summary>Keys that access tokens may be signed with: the next, the active and the retired ones.</summary>
    [Id(4)]
    public required IReadOnlyList<TokenKey> Keys { get; init; }

    /// <summary>32 bytes that seal upload locations, newest first; all of them open.</summary>
    [Id(5)]
    public required IReadOnlyList<Secret> UploadKeys { get; init; }

    /// <summary>The longest life of an access token.</summary>
    [Id(6)]
    public required TimeSpan AccessLifetime { get; init; }

    /// <summary>The revision of the configuration, which a gateway never goes back on; 0 where revisions do not count.</summary>
    [Id(20)]
    public long Revision { get; init; }
}

/// <summary>One tenant as a gateway sees it.</summary>
[GenerateSerializer, Immutable, Alias("rp.tenant-snapshot")]
public sealed record TenantSnapshot
{
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Lower case, without port; <c>*</c> is any.</summary>
    [Id(1)]
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>Scheme and authority; <c>null</c> when the realm echoes a loopback host.</summary>
    [Id(2)]
    public string? PublicUrl { get; init; }

    [Id(3)]
    public required IReadOnlyList<RouteSnapshot> Routes { get; init; }

    [Id(4)]
    public required IReadOnlyDictionary<string, string> Namespaces { get; init; }

    /// <summary>What everybody may do without a login.</summary>
    [Id(5)]
    public required IReadOnlyList<GrantedRule> AnonymousRules { get; init; }

    /// <summary>What the tenant may use of the whole cluster; <c>null</c> for no limits.</summary>
    [Id(6)]
    public LimitSnapshot? Limits { get; init; }

    /// <summary>The authenticators with which people log in by browser.</summary>
    [Id(7)]
    public IReadOnlyList<string> PeopleLogins { get; init; } = [];

    /// <summary>Origins whose pages may ask by script.</summary>
    [Id(8)]
    public IReadOnlyList<string> Cors { get; init; } = [];

    /// <summary>
    /// Names what sessions of the tenant are decided by: its rules, its authenticators and their files; <c>null</c> by versions before.
    /// </summary>
    [Id(9)]
    public string? RulesStamp { get; init; }

    /// <summary>What its file says cannot be used: its hosts answer 503.</summary>
    [Id(10)]
    public bool IsUnusable { get; init; }

    /// <summary>Whether somebody administers it on its own hosts; else nothing is there.</summary>
    [Id(11)]
    public bool HasAdministrators { get; init; }

    /// <summary>Whether <c>GET /</c> is a page for people; not by what versions before say.</summary>
    [Id(12)]
    public bool HasPage { get; init; }

    /// <summary>Whether somebody logs in there with a user name and a password.</summary>
    [Id(13)]
    public bool TakesPasswords { get; init; }

    /// <summary>Whether an administrator logs in there with a user name and a password.</summary>
    [Id(14)]
    public bool TakesAdministratorPasswords { get; init; }

    /// <summary>
    /// The authenticators with which administrators log in by browser, beside those of everybody; none by what versions before say.
    /// </summary>
    [Id(15)]
    public IReadOnlyList<string> AdministratorLogins { get; init; } = [];
}

/// <summary>Limits of a tenant, each for the whole cluster; <c>null</c> is without a limit.</summary>
[GenerateSerializer, Immutable, Alias("rp.limit-snapshot")]
public sealed record LimitSnapshot(
    [property: Id(0)] long? RequestsPerSecond,
    [property: Id(1)] long? BytesPerSecond,
    [property: Id(2)] int? ConcurrentStreams,
    [property: Id(3)] long? IdentityRequestsPerSecond);

/// <summary>Where names below a prefix lead.</summary>
[GenerateSerializer, Immutable, Alias("rp.route-snapshot")]
public sealed record RouteSnapshot
{
    [Id(0)]
    public required string Prefix { get; init; }

    /// <summary>At least one; pulls try them in order, everything else goes to the first.</summary>
    [Id(1)]
    public required IReadOnlyList<RouteUpstreamSnapshot> Upstreams { get; init; }

    [Id(2)]
    public string Rewrite { get; init; } = "";

    /// <summary>What makes a pull go on to the next upstream.</summary>
    [Id(3)]
    public RouteFallback FallbackOn { get; init; } = RouteFallback.All;

    /// <summary>Whether gateways keep what is pulled.</summary>
    [Id(4)]
    public bool Cache { get; init; }

    /// <summary>
    /// What becomes of a range of a blob that is not cached yet; <c>null</c>, which versions before said, is to pass it on.
    /// </summary>
    [Id(5)]
    public RouteRanges? Ranges { get; init; }
}

/// <summary>What a gateway does about a range of a blob that it does not have yet.</summary>
[GenerateSerializer, Alias("rp.route-ranges")]
public enum RouteRanges
{
    /// <summary>It is passed on at once, unverified.</summary>
    Pass = 0,

    /// <summary>The same, and the whole is downloaded behind it.</summary>
    Fill = 1,

    /// <summary>It waits for the whole.</summary>
    Wait = 2,
}

/// <summary>One upstream of a route.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="FollowRedirects">Whether the gateway follows redirects of blobs, rather than pass them to the client.</param>
[GenerateSerializer, Immutable, Alias("rp.route-upstream-snapshot")]
public sealed record RouteUpstreamSnapshot([property: Id(0)] string Name, [property: Id(1)] bool FollowRedirects);

/// <summary>What of an upstream makes a pull go on to the next one of its route.</summary>
[Flags, GenerateSerializer, Alias("rp.route-fallback")]
public enum RouteFallback
{
    None = 0,

    /// <summary>It does not have what was asked for.</summary>
    NotFound = 1,

    /// <summary>It does not answer, refuses us, limits us or fails.</summary>
    Error = 2,

    All = NotFound | Error,
}

/// <summary>One upstream as a gateway sees it.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-snapshot")]
public sealed record UpstreamSnapshot
{
    [Id(0)]
    public required string Name { get; init; }

    /// <summary>Scheme and authority.</summary>
    [Id(1)]
    public required Uri Url { get; init; }

    [Id(2)]
    public string? OfficialPrefix { get; init; }

    [Id(3)]
    public bool AllowPrivate { get; init; }

    [Id(4)]
    public IReadOnlyList<string> RedirectHosts { get; init; } = [];

    /// <summary>Names the account that requests count against; upstreams with the same account share its budget. Holds no secret.</summary>
    [Id(5)]
    public string Account { get; init; } = "";

    /// <summary>Upstreams whose cached content may be served on this one's word, if they list it too.</summary>
    [Id(6)]
    public IReadOnlyList<string> SharesContentWith { get; init; } = [];

    /// <summary>How connections to it are opened; <c>null</c> for nothing out of the ordinary.</summary>
    [Id(7)]
    public UpstreamNetworkSnapshot? Network { get; init; }

    /// <summary>A tenant defines it: every address is vetted before it is dialled, through a proxy too.</summary>
    [Id(8)]
    public bool IsOfTenant { get; init; }
}

/// <summary>A public key of access tokens: ES256, P-256 (RFC 7518 §6.2).</summary>
/// <param name="Id">The <c>kid</c>.</param>
/// <param name="X">base64url.</param>
/// <param name="Y">base64url.</param>
[GenerateSerializer, Immutable, Alias("rp.token-key")]
public sealed record TokenKey([property: Id(0)] string Id, [property: Id(1)] string X, [property: Id(2)] string Y);
