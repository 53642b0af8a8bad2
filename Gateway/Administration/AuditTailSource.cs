using RegistryProxy.Background;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Audit;

namespace RegistryProxy.Gateway.Administration;

/// <summary>Says that this gateway is there, and gives what it knows of a tenant when the cluster asks.</summary>
internal sealed class AuditTailSource(ClusterClient cluster, AuditLog log, RequestStatistics statistics, TimeProvider time)
    : BackgroundLoop, IAuditTailObserver
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(IAuditTailGrain.Period);

    public Task<AuditTailPart> Read(string tenant, DateTimeOffset since, int maxBytes)
    {
        var kept = log.Tail.Read(tenant, since, maxBytes);
        return Task.FromResult(new AuditTailPart(kept.Since, [.. kept.Lines.Select(line => new AuditLineOfTenant(line.At, line.Json))]));
    }

    public Task<IReadOnlyList<RepositoryPulls>> Repositories(string tenant) => Task.FromResult(statistics.RepositoriesOf(tenant));

    public Task<PulledNames> Names(string tenant, int maxBytes) => Task.FromResult(statistics.NamesOf(tenant, maxBytes));

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var observer = cluster.Reference<IAuditTailObserver>(this);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await cluster.CallOnce(
                    (grains, _) => grains.GetGrain<IAuditTailGrain>(0).Follow(observer), CallPolicy.Report, stoppingToken);
            }
            catch (ClusterUnavailableException)
            {
                // It is told by whoever follows the snapshot; here it is tried again.
            }

            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
