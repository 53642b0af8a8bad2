namespace RegistryProxy.Grains.Interfaces;

/// <summary>Whose activity is kept.</summary>
[GenerateSerializer, Alias("rp.activity-kind")]
public enum ActivityKind
{
    /// <summary>Six numbers: requests, refused, errors, pulls, bytes sent, bytes received.</summary>
    Tenant,

    /// <summary>Four numbers: requests, failures, refused, seconds until the heads of the answers.</summary>
    Upstream,
}

/// <summary>What every tenant, or every upstream, did in the last hour.</summary>
/// <param name="Since">From when on all is counted: an hour ago, or when the one who counts began.</param>
/// <param name="Items">Those that did something.</param>
[GenerateSerializer, Immutable, Alias("rp.activity-view")]
public sealed record ActivityView([property: Id(0)] DateTimeOffset Since, [property: Id(1)] IReadOnlyList<Activity> Items);

/// <summary>What one of them did; the numbers are those of its <see cref="ActivityKind"/>.</summary>
/// <param name="Name">The tenant or upstream.</param>
/// <param name="PerSecond">In the last whole minute, per second.</param>
/// <param name="LastHour">In the last hour, together.</param>
[GenerateSerializer, Immutable, Alias("rp.activity")]
public sealed record Activity(
    [property: Id(0)] string Name, [property: Id(1)] IReadOnlyList<double> PerSecond, [property: Id(2)] IReadOnlyList<double> LastHour);

/// <summary>The last hour of a tenant or upstream.</summary>
/// <param name="Name">Whose.</param>
/// <param name="Since">From when on all is counted.</param>
/// <param name="End">When the last point ends; it is not over yet.</param>
/// <param name="Seconds">How long each point is.</param>
/// <param name="Points">The numbers of its <see cref="ActivityKind"/>, point after point, the oldest first.</param>
[GenerateSerializer, Immutable, Alias("rp.activity-history")]
public sealed record ActivityHistory(
    [property: Id(0)] string Name, [property: Id(1)] DateTimeOffset Since, [property: Id(2)] DateTimeOffset End,
    [property: Id(3)] int Seconds, [property: Id(4)] IReadOnlyList<double> Points);

/// <summary>What gateways say of a tenant, together.</summary>
[GenerateSerializer, Immutable, Alias("rp.tenant-detail")]
public sealed record TenantDetail
{
    /// <summary>Transfers that are running now, where the tenant has a limit for them.</summary>
    [Id(0)]
    public int Streams { get; init; }

    /// <summary>Refusals since each gateway started, the most frequent first.</summary>
    [Id(1)]
    public IReadOnlyList<ReasonCount> Refusals { get; init; } = [];

    /// <summary>The most pulled repositories since each gateway started.</summary>
    [Id(2)]
    public IReadOnlyList<RepositoryPulls> Repositories { get; init; } = [];

    /// <summary>Whether pulls of some gateway may be missing in <see cref="Repositories"/>: it was silent, or is not known yet.</summary>
    [Id(4)]
    public bool IsPartial { get; init; }

    /// <summary>When the first of the gateways that still run started; <c>null</c> when none does.</summary>
    [Id(3)]
    public DateTimeOffset? Since { get; init; }

    /// <summary>Its requests; <c>null</c> when there are none, or from a silo of a version that does not say.</summary>
    [Id(5)]
    public TenantRates? Rates { get; init; }
}
