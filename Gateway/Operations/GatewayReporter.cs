using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Operations;

namespace RegistryProxy.Gateway.Operations;

/// <summary>Tells operators every two seconds what this gateway does.</summary>
internal sealed class GatewayReporter(
    RequestStatistics statistics, TenantLimits limits, UpstreamAccounts upstreams, CurrentMap current, ClusterClient cluster,
    HostSight host, TimeProvider time)
    : ProcessReporter("gateway", time)
{
    private FrontDoorMap? _kept;

    protected override Task Send(string id, long number, string kind, DateTimeOffset started)
    {
        if (current.Value is { } map && map != Interlocked.Exchange(ref _kept, map))
        {
            statistics.Keep(IsThere);
            limits.Keep(IsThere);
        }

        var report = new ProcessReport
        {
            Id = id,
            Number = number,
            Kind = kind,
            Host = Environment.MachineName,
            Version = ProductVersion,
            Started = started,
            Configuration = current.Value?.Snapshot.ConfigurationVersion ?? "",
            Tenants = statistics.Tenants(limits.StreamsOf),
            Repositories = statistics.Repositories(),
            Upstreams = upstreams.Traffic(),
            Troubles = ProcessTrouble.Bounded(
                ProcessTrouble.OfHost(host.Files, [], host.Audit, host.Restart, host.Certificates).Concat(limits.Unshared.Troubles)
                    .Concat(ProcessTrouble.OfHost(null, host.Parts, null, null, []))),
        };
        return cluster.CallOnce(
            (grains, _) => grains.GetGrain<IOperationsGrain>(0).Report(report), CallPolicy.Report, CancellationToken.None);
    }

    /// <summary>By the configuration of this very moment: a tenant that has just come keeps what it has begun.</summary>
    private bool IsThere(string tenant) => current.Value?.HasTenant(tenant) != false;

    protected override Task Leave(string id) => cluster.CallOnce(
        (grains, _) => grains.GetGrain<IOperationsGrain>(0).Leave(id), CallPolicy.Report, CancellationToken.None);
}
