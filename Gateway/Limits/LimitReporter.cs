using RegistryProxy.Background;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Gets permits of the limits: without an answer an equal part is left, three seconds after the last one.
/// </summary>
internal sealed class LimitReporter(LimitShares shares, ClusterClient cluster) : BackgroundLoop
{
    protected override Task Run(CancellationToken stoppingToken) => Task.WhenAll(
        Enumerable.Range(0, shares.Permits.Count).Select(shard => Ask(shard, stoppingToken)));

    private async Task Ask(int shard, CancellationToken stoppingToken)
    {
        while (true)
        {
            await shares.Permits[shard].Due(stoppingToken);
            await shares.Permits[shard].Tell((gateway, gateways, demands) => OrNull(
                (grains, limit) => grains.GetGrain<ILimitSharesGrain>(shard).Grant(gateway, gateways, demands, limit), stoppingToken));
        }
    }

    private async Task<PermitGrant[]?> OrNull(
        Func<IGrainFactory, CancellationToken, ValueTask<PermitGrant[]>> ask, CancellationToken stop)
    {
        try
        {
            return await cluster.CallOnce(ask, CallPolicy.Limits, stop);
        }
        catch (ClusterUnavailableException)
        {
            return null;
        }
    }
}
