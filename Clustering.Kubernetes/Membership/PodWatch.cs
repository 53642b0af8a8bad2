using k8s;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RegistryProxy.Background;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>Declares active silos dead whose pod is gone, so that a new silo need not wait until they stop answering.</summary>
internal sealed partial class PodWatch(
    ApiServer api, IClusterMembershipService membership, ILocalSiloDetails self, IOptions<KubernetesClusteringOptions> options, TimeProvider time,
    ILogger<PodWatch> logger) : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (options.Value.WatchPods && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Look(stoppingToken);
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(fault);
            }

            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Look(CancellationToken cancellation)
    {
        var members = membership.CurrentSnapshot.Members.Values.Where(member => member.Status == SiloStatus.Active).ToList();
        var pods = await api.Client.CoreV1.ListNamespacedPodAsync(api.Namespace, cancellationToken: cancellation);
        var addresses = pods.Items.Select(pod => pod.Status?.PodIP).OfType<string>().ToHashSet();
        if (!addresses.Contains(self.SiloAddress.Endpoint.Address.ToString()))
        {
            return;
        }

        foreach (var gone in members.Where(member => !addresses.Contains(member.SiloAddress.Endpoint.Address.ToString())))
        {
            LogGone(gone.SiloAddress);
            await membership.TryKill(gone.SiloAddress);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Silo} has no pod any more and is declared dead")]
    private partial void LogGone(SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pods could not be listed")]
    private partial void LogFailed(Exception fault);
}
