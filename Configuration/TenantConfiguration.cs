using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>One tenant: the hosts it answers on, who can log in there, where names lead and who may do what.</summary>
public sealed record TenantConfiguration
{
    public required string Name { get; init; }

    /// <summary>Host names without port, lower case; <c>*</c> is any host. Unique across tenants.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>
    /// Scheme and authority of realm, service and token audience; <c>null</c> only while the data listener is on loopback.
    /// </summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Names of authenticators, in the order in which they are asked.</summary>
    public IReadOnlyList<string> Authenticators { get; init; } = [];

    public IReadOnlyList<RouteConfiguration> Routes { get; init; } = [];

    /// <summary>From a registry host in <c>?ns=</c> to the prefix of one of the routes.</summary>
    public IReadOnlyDictionary<string, string> Namespaces { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<AccessRuleConfiguration> Access { get; init; } = [];

    /// <summary>Origins whose pages may ask by script, as browsers write them; none by default.</summary>
    public IReadOnlyList<string> Cors { get; init; } = [];

    /// <summary>Whether <c>GET /</c> is a page for people; on by default.</summary>
    public bool Page { get; init; } = true;

    /// <summary><c>null</c> for none.</summary>
    public LimitConfiguration? Limits { get; init; }

    /// <summary>What the part of the tenant may name of what all have; empty for a tenant that stands in one place.</summary>
    public SharedUse MayUse { get; init; } = SharedUse.None;

    /// <summary>
    /// Who administers the tenant, as its operator says; none by default. Each entry names an authenticator of all that proves people.
    /// </summary>
    public IReadOnlyList<AccessSubject> Administrators { get; init; } = [];

    /// <summary>The authenticators that <see cref="Administrators"/> names: always those of all, never the tenant's own.</summary>
    public IReadOnlyList<string> AdministratorAuthenticators =>
        [.. Administrators.Select(subject => subject.Authenticator).OfType<string>().Distinct()];

    /// <summary>Authenticators by which somebody may have a session here: those of everybody, then those of administrators alone.</summary>
    public IReadOnlyList<string> SessionAuthenticators =>
        Administrators.Count == 0 ? Authenticators : [.. Authenticators.Union(AdministratorAuthenticators)];

    /// <summary>Whether only administrators log in by an authenticator, who then have no rights of rules but everybody's.</summary>
    public bool IsForAdministratorsAlone(string authenticator) =>
        Administrators.Count > 0 && !Authenticators.Contains(authenticator) && AdministratorAuthenticators.Contains(authenticator);

    /// <summary>Whether the part of the tenant is kept in the state, where its administrators change it.</summary>
    public bool IsManaged { get; init; }

    /// <summary>The tenant is there and its part cannot be used: its hosts answer 503.</summary>
    public bool IsUnusable { get; init; }

    /// <summary>Names what the file says of it; empty for what comes from no file.</summary>
    public string Stamp { get; init; } = "";
}

/// <summary>Upstreams and authenticators of all that a tenant's part may name.</summary>
public sealed record SharedUse(IReadOnlyList<string> Upstreams, IReadOnlyList<string> Authenticators)
{
    /// <summary>Nothing.</summary>
    public static SharedUse None { get; } = new([], []);
}

/// <summary>Where names below a prefix lead.</summary>
public sealed record RouteConfiguration
{
    /// <summary>Whole path components; empty for everything.</summary>
    public required string Prefix { get; init; }

    /// <summary>Names of upstreams, tried in order.</summary>
    public required IReadOnlyList<string> Upstreams { get; init; }

    /// <summary>What the prefix becomes at the upstream; empty by default.</summary>
    public string Rewrite { get; init; } = "";

    /// <summary>Whether a pull goes on to the next upstream when one does not have what was asked for; on by default.</summary>
    public bool FallbackOnNotFound { get; init; } = true;

    /// <summary>Whether a pull goes on to the next upstream when one fails, refuses us or limits us; on by default.</summary>
    public bool FallbackOnError { get; init; } = true;

    /// <summary>What to do with a blob redirect; <c>null</c> leaves it to the upstream.</summary>
    public RedirectMode? Redirects { get; init; }

    /// <summary>Whether gateways keep what is pulled; off by default.</summary>
    public bool Cache { get; init; }

    /// <summary>What to do about a range of a blob that is not cached yet, on routes that cache; passed on by default.</summary>
    public RangeMode Ranges { get; init; } = RangeMode.Pass;
}

/// <summary>What becomes of a range of a blob that is not cached yet.</summary>
public enum RangeMode
{
    /// <summary>It is passed on at once, unverified, and not kept.</summary>
    Pass,

    /// <summary>The same, and the whole blob is downloaded behind it.</summary>
    Fill,

    /// <summary>It ends when the whole blob has come and is right.</summary>
    Wait,
}

/// <summary>One access rule. The union of the matching rules is granted; nothing else is.</summary>
public sealed record AccessRuleConfiguration
{
    public required string Name { get; init; }

    /// <summary>Any of these must match.</summary>
    public required IReadOnlyList<AccessSubject> Who { get; init; }

    /// <summary>Every claim named must match one of its globs.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> When { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>In the tenant's public names.</summary>
    public required IReadOnlyList<RepositoryPattern> Repositories { get; init; }

    public required RepositoryActions Actions { get; init; }
}

/// <summary>One entry of <c>who</c>.</summary>
/// <param name="Kind">What is compared.</param>
/// <param name="Authenticator">The authenticator that must have proved it; <c>null</c> when any of the tenant's may.</param>
/// <param name="Glob">What the subject or group must match; empty where the kind needs none.</param>
public sealed record AccessSubject(AccessSubjectKind Kind, string? Authenticator, string Glob)
{
    /// <summary>The entry as it is written in the file.</summary>
    public override string ToString() => Kind switch
    {
        AccessSubjectKind.Anonymous => "anonymous",
        AccessSubjectKind.Authenticated => "authenticated",
        AccessSubjectKind.Authenticator => $"authenticator:{Authenticator}",
        AccessSubjectKind.Robot => $"robot:{Glob}",
        _ => $"{Kind.ToString().ToLowerInvariant()}:{(Authenticator is null ? "" : Authenticator + "/")}{Glob}",
    };
}

/// <summary>The kinds of <see cref="AccessSubject"/>.</summary>
public enum AccessSubjectKind
{
    /// <summary>Nobody in particular: a caller without a login.</summary>
    Anonymous,

    /// <summary>Anybody who logged in, but robots.</summary>
    Authenticated,

    /// <summary><c>user:[NAME/]GLOB</c>: the subject of a password authenticator.</summary>
    User,

    /// <summary><c>group:[NAME/]GLOB</c></summary>
    Group,

    /// <summary><c>authenticator:NAME</c></summary>
    Authenticator,

    /// <summary><c>subject:NAME/GLOB</c>: the subject of any authenticator.</summary>
    Subject,

    /// <summary><c>robot:GLOB</c>: a machine token of the tenant, by its name.</summary>
    Robot,
}
