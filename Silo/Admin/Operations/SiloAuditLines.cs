using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Audit;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>
/// Says that this silo is there, and gives what operators changed on its admin listener when the cluster gathers lines of the audit log.
/// </summary>
internal sealed class SiloAuditLines(IGrainFactory grains, AuditLog log, TimeProvider time) : BackgroundLoop, IAuditTailObserver
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(IAuditTailGrain.Period);

    public Task<AuditTailPart> Read(string tenant, DateTimeOffset since, int maxBytes)
    {
        var kept = log.Tail.Read(tenant, since, maxBytes);
        return Task.FromResult(new AuditTailPart(kept.Since, [.. kept.Lines.Select(line => new AuditLineOfTenant(line.At, line.Json))]));
    }

    public Task<IReadOnlyList<RepositoryPulls>> Repositories(string tenant) => Task.FromResult<IReadOnlyList<RepositoryPulls>>([]);

    public Task<PulledNames> Names(string tenant, int maxBytes) => Task.FromResult(new PulledNames([], false));

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var observer = grains.CreateObjectReference<IAuditTailObserver>(this);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await grains.GetGrain<IAuditTailGrain>(0).FollowSilo(observer);
            }
            catch (Exception)
            {
                // The silo that has the grain is away, or of an older version: later.
            }

            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
