using RegistryProxy.Background;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Keeps this gateway's shares of the limits, and gets permits: without an answer shares end after three seconds, and an equal part is
/// left.
/// </summary>
internal sealed class LimitReporter(LimitShares shares, ClusterClient cluster) : BackgroundLoop
{
    protected override Task Run(CancellationToken stoppingToken) => Task.WhenAll(
        Enumerable.Range(0, shares.Permits.Count).Select(shard => Ask(shard, stoppingToken)).Prepend(Tell(stoppingToken)));

    private async Task Tell(CancellationToken stoppingToken)
    {
        while (true)
        {
            await shares.Due(stoppingToken);
            await shares.Tell((shard, gateway, gateways, demands) => RequestShares(shard, gateway, gateways, demands, stoppingToken));
        }
    }

    private async Task Ask(int shard, CancellationToken stoppingToken)
    {
        while (true)
        {
            await shares.Permits[shard].Due(stoppingToken);
            await shares.Permits[shard].Tell((gateway, gateways, demands) => OrNull(
                (grains, limit) => grains.GetGrain<ILimitSharesGrain>(shard).Grant(gateway, gateways, demands, limit), stoppingToken));
        }
    }

    private Task<double[]?> RequestShares(int shard, string gateway, int gateways, LimitDemand[] demands, CancellationToken stop) => OrNull(
        (grains, limit) => grains.GetGrain<ILimitSharesGrain>(shard).Share(gateway, gateways, demands, limit), stop);

    private async Task<T[]?> OrNull<T>(Func<IGrainFactory, CancellationToken, ValueTask<T[]>> ask, CancellationToken stop)
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
