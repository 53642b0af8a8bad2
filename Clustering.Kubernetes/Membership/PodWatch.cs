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
    private const int PageSize = 250;

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
        var addresses = await Addresses(cancellation);
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

    /// <summary>The addresses of all pods, a page at a time: a namespace may hold thousands of pods, each of many kilobytes.</summary>
    private async Task<HashSet<string>> Addresses(CancellationToken cancellation)
    {
        HashSet<string> addresses = [];
        string? next = null;
        do
        {
            var pods = await api.Client.CoreV1.ListNamespacedPodAsync(api.Namespace, limit: PageSize, continueParameter: next, cancellationToken: cancellation);
            addresses.UnionWith(pods.Items.Select(pod => pod.Status?.PodIP).OfType<string>());
            next = pods.Metadata?.ContinueProperty;
        }
        while (!string.IsNullOrEmpty(next));
        return addresses;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Silo} has no pod any more and is declared dead")]
    private partial void LogGone(SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pods could not be listed")]
    private partial void LogFailed(Exception fault);
}
