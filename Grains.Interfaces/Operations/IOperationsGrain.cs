using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>What operators see of the whole cluster: every process reports here every two seconds. The key is always 0.</summary>
[Alias("rp.IOperationsGrain")]
public interface IOperationsGrain : IGrainWithIntegerKey
{
    /// <summary>A process is alive, and what it has done since it started.</summary>
    [Alias("Report"), OneWay, AlwaysInterleave]
    ValueTask Report(ProcessReport report);

    [Alias("Describe"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<OperationsView> Describe(CancellationToken cancellation = default);
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
}

/// <summary>Requests of one tenant.</summary>
/// <param name="Tenant">Its name.</param>
/// <param name="Requests">All.</param>
/// <param name="Refused">401, 403 and 429 among them.</param>
/// <param name="Errors">5xx among them.</param>
[GenerateSerializer, Immutable, Alias("rp.tenant-traffic")]
public sealed record TenantTraffic(
    [property: Id(0)] string Tenant, [property: Id(1)] long Requests, [property: Id(2)] long Refused, [property: Id(3)] long Errors);

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
/// <param name="SilentSeconds">Since its last report; 2 at most while all is well.</param>
[GenerateSerializer, Immutable, Alias("rp.process-status")]
public sealed record ProcessStatus(
    [property: Id(0)] string Kind, [property: Id(1)] string Host, [property: Id(2)] string Version,
    [property: Id(3)] DateTimeOffset Started,
    [property: Id(4)] string Configuration, [property: Id(5)] int SilentSeconds);
