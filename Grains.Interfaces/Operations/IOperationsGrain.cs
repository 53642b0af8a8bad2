using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>What operators see of the whole cluster: every process reports here every two seconds. The key is always 0.</summary>
[Version(0), Alias("rp.IOperationsGrain")]
public interface IOperationsGrain : IGrainWithIntegerKey
{
    /// <summary>A process is alive, and what it has done since it started.</summary>
    [Alias("Report"), OneWay, AlwaysInterleave]
    ValueTask Report(ProcessReport report);

    /// <summary>A process ends as it was told to: nobody misses it.</summary>
    /// <param name="id">Its <see cref="ProcessReport.Id"/>.</param>
    [Alias("Leave"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask Leave(string id);

    [Alias("Describe"), AlwaysInterleave, SilosAlone, ResponseTimeout("00:00:03")]
    ValueTask<OperationsView> Describe(CancellationToken cancellation = default);

    /// <summary>What every tenant, or every upstream, did in the last hour; those that did nothing are left out.</summary>
    [Alias("Activity"), AlwaysInterleave, SilosAlone, ResponseTimeout("00:00:03")]
    ValueTask<ActivityView> Activity(ActivityKind kind, CancellationToken cancellation = default);

    /// <summary>The last hour of some tenants or upstreams, in so many points; of one that did nothing all are 0.</summary>
    /// <param name="kind">Whose.</param>
    /// <param name="names">Their names; of more than 200 the others are left out.</param>
    /// <param name="points">1 to 360; a number of which 360 is a multiple.</param>
    /// <param name="cancellation">Gives up.</param>
    [Alias("History"), AlwaysInterleave, SilosAlone, ResponseTimeout("00:00:03")]
    ValueTask<IReadOnlyList<ActivityHistory>> History(
        ActivityKind kind, IReadOnlyList<string> names, int points, CancellationToken cancellation = default);

    /// <summary>What the gateways say of one tenant.</summary>
    [Alias("Tenant"), AlwaysInterleave, SilosAlone, ResponseTimeout("00:00:03")]
    ValueTask<TenantDetail> Tenant(string tenant, CancellationToken cancellation = default);
}

/// <summary>One process of the cluster. Counters are totals since its start.</summary>
[GenerateSerializer, Immutable, Alias("rp.process-report")]
public sealed record ProcessReport
{
    /// <summary>Unique for each start.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary><c>silo</c>, <c>gateway</c> or <c>standalone</c>.</summary>
    [Id(1)]
    public required string Kind { get; init; }

    /// <summary>The name of the machine or pod.</summary>
    [Id(2)]
    public required string Host { get; init; }

    [Id(3)]
    public required string Version { get; init; }

    [Id(4)]
    public required DateTimeOffset Started { get; init; }

    /// <summary>The version of the configuration in use; empty before there is one.</summary>
    [Id(5)]
    public required string Configuration { get; init; }

    [Id(6)]
    public IReadOnlyList<TenantTraffic> Tenants { get; init; } = [];

    /// <summary>The most pulled repositories of this process.</summary>
    [Id(7)]
    public IReadOnlyList<RepositoryPulls> Repositories { get; init; } = [];

    [Id(8)]
    public IReadOnlyList<UpstreamTraffic> Upstreams { get; init; } = [];

    /// <summary>Which report of this process it is, from 1 on; 0 in those of versions before.</summary>
    [Id(9)]
    public long Number { get; init; }

    /// <summary>
    /// Names what the configuration in use says for the whole cluster, apart from the sections of the host; empty from gateways and from
    /// versions before.
    /// </summary>
    [Id(10)]
    public string Shared { get; init; } = "";

    /// <summary>What is wrong in it, <see cref="ProcessTrouble.MaxOfProcess"/> at most; nothing from versions before.</summary>
    [Id(11)]
    public IReadOnlyList<ProcessTrouble> Troubles { get; init; } = [];
}

/// <summary>Requests of one tenant.</summary>
/// <param name="Tenant">Its name.</param>
/// <param name="Requests">All.</param>
/// <param name="Refused">401, 403 and 429 among them.</param>
/// <param name="Errors">5xx among them.</param>
[GenerateSerializer, Immutable, Alias("rp.tenant-traffic")]
public sealed record TenantTraffic(
    [property: Id(0)] string Tenant, [property: Id(1)] long Requests, [property: Id(2)] long Refused, [property: Id(3)] long Errors)
{
    /// <summary>Manifests that were pulled.</summary>
    [Id(4)]
    public long Pulls { get; init; }

    /// <summary>Bytes of bodies that were sent.</summary>
    [Id(5)]
    public long Sent { get; init; }

    /// <summary>Bytes of bodies that came to be pushed.</summary>
    [Id(6)]
    public long Received { get; init; }

    /// <summary>Transfers that are running now, where the tenant has a limit for them.</summary>
    [Id(7)]
    public int Streams { get; init; }

    /// <summary>Refusals by their reason: a word of <c>registryproxy_gateway_denied_total</c>, or <c>limit</c>.</summary>
    [Id(8)]
    public IReadOnlyList<ReasonCount> Refusals { get; init; } = [];
}

/// <summary>How often something was refused for one reason.</summary>
[GenerateSerializer, Immutable, Alias("rp.reason-count")]
public sealed record ReasonCount([property: Id(0)] string Reason, [property: Id(1)] long Count);

/// <summary>Requests to one upstream.</summary>
/// <param name="Upstream">Its name.</param>
/// <param name="Requests">All that were sent.</param>
/// <param name="Failures">Those among them that were not answered, or with 500 or more.</param>
/// <param name="Refused">401, 403 and 429 among them.</param>
/// <param name="Seconds">Until the heads of the answers, or until there was none, together.</param>
[GenerateSerializer, Immutable, Alias("rp.upstream-traffic")]
public sealed record UpstreamTraffic(
    [property: Id(0)] string Upstream, [property: Id(1)] long Requests, [property: Id(2)] long Failures, [property: Id(3)] long Refused,
    [property: Id(4)] double Seconds);

/// <summary>Pulls of manifests from one repository.</summary>
[GenerateSerializer, Immutable, Alias("rp.repository-pulls")]
public sealed record RepositoryPulls([property: Id(0)] string Tenant, [property: Id(1)] string Repository, [property: Id(2)] long Pulls);

/// <summary>The cluster at a glance.</summary>
[GenerateSerializer, Immutable, Alias("rp.operations-view")]
public sealed record OperationsView
{
    [Id(0)]
    public required IReadOnlyList<TenantRates> Tenants { get; init; }

    [Id(1)]
    public required IReadOnlyList<RepositoryPulls> Repositories { get; init; }

    [Id(2)]
    public required IReadOnlyList<ProcessStatus> Processes { get; init; }
}

/// <summary>Requests per second of one tenant over all gateways, between their last two reports.</summary>
[GenerateSerializer, Immutable, Alias("rp.tenant-rates")]
public sealed record TenantRates(
    [property: Id(0)] string Tenant, [property: Id(1)] double Requests, [property: Id(2)] double Refused, [property: Id(3)] double Errors);

/// <summary>One process as operators see it.</summary>
/// <param name="SilentSeconds">
/// Since its last report; 2 at most while all is well. A process that did not say that it ends is told of for an hour.
/// </param>
[GenerateSerializer, Immutable, Alias("rp.process-status")]
public sealed record ProcessStatus(
    [property: Id(0)] string Kind, [property: Id(1)] string Host, [property: Id(2)] string Version,
    [property: Id(3)] DateTimeOffset Started,
    [property: Id(4)] string Configuration, [property: Id(5)] int SilentSeconds)
{
    /// <summary>When it reported last, of a process that is silent; <c>null</c> of one that reports.</summary>
    [Id(6)]
    public DateTimeOffset? SilentSince { get; init; }

    /// <summary>As <see cref="ProcessReport.Shared"/>.</summary>
    [Id(7)]
    public string Shared { get; init; } = "";

    /// <summary>As <see cref="ProcessReport.Troubles"/>; none of one that is silent.</summary>
    [Id(8)]
    public IReadOnlyList<ProcessTrouble> Troubles { get; init; } = [];
}
