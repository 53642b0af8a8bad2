using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Operations;

namespace RegistryProxy.Gateway.Operations;

/// <summary>Tells operators every two seconds what this gateway does.</summary>
internal sealed class GatewayReporter(RequestStatistics statistics, CurrentMap current, ClusterClient cluster, TimeProvider time)
    : ProcessReporter("gateway", time)
{
    protected override Task Send(string id, string kind, DateTimeOffset started)
    {
        var report = new ProcessReport
        {
            Id = id,
            Kind = kind,
            Host = Environment.MachineName,
            Version = ProductVersion,
            Started = started,
            Configuration = current.Value?.Snapshot.ConfigurationVersion ?? "",
            Tenants = statistics.Tenants(),
            Repositories = statistics.Repositories(),
        };
        return cluster.CallOnce(
            (grains, _) => grains.GetGrain<IOperationsGrain>(0).Report(report), CallPolicy.Report, CancellationToken.None);
    }
}
