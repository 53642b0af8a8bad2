using RegistryProxy.Background;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>Keeps this gateway's shares of the limits: without an answer they end after three seconds, and an equal part is left.</summary>
internal sealed class LimitReporter(LimitShares shares, ClusterClient cluster) : BackgroundLoop
{
    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (true)
        {
            await shares.Due(stoppingToken);
            await shares.Tell((shard, gateway, gateways, demands) => RequestShares(shard, gateway, gateways, demands, stoppingToken));
        }
    }

    private async Task<double[]?> RequestShares(int shard, string gateway, int gateways, LimitDemand[] demands, CancellationToken stop)
    {
        try
        {
            return await cluster.CallOnce(
                (grains, limit) => grains.GetGrain<ILimitSharesGrain>(shard).Share(gateway, gateways, demands, limit),
                CallPolicy.Limits, stop);
        }
        catch (ClusterUnavailableException)
        {
            return null;
        }
    }
}
