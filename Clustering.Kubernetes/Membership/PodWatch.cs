using k8s;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RegistryProxy.Background;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>Declares active silos dead whose pod is gone, so that a new silo need not wait until they stop answering.</summary>
internal sealed partial class PodWatch(
    ApiServer api, IClusterMembershipService membership, ILocalSiloDetails self, IOptions<KubernetesClusteringOptions> options,
    TimeProvider time,
    ILogger<PodWatch> logger) : BackgroundLoop
{
    private const int PageSize = 250;

    /// <summary>The most pages of one look: 100,000 pods.</summary>
    private const int MaxPages = 400;

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
        HashSet<string> missing = [AddressOf(self.SiloAddress), .. members.Select(member => AddressOf(member.SiloAddress))];
        await Find(missing, cancellation);
        if (missing.Contains(AddressOf(self.SiloAddress)))
        {
            return;
        }

        foreach (var gone in members.Where(member => missing.Contains(AddressOf(member.SiloAddress))))
        {
            LogGone(gone.SiloAddress);
            await membership.TryKill(gone.SiloAddress);
        }
    }

    /// <summary>
    /// Takes the addresses of all pods out of what is missing, a page at a time: a namespace may hold thousands of pods, each of many
    /// kilobytes.
    /// </summary>
    /// <exception cref="InvalidDataException">The listing does not end, and says nothing about who is missing.</exception>
    private async Task Find(HashSet<string> missing, CancellationToken cancellation)
    {
        string? next = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var pods = await api.Client.CoreV1.ListNamespacedPodAsync(
                api.Namespace, limit: PageSize, continueParameter: next, cancellationToken: cancellation);
            missing.ExceptWith(pods.Items.Select(pod => pod.Status?.PodIP).OfType<string>());
            next = pods.Metadata?.ContinueProperty;
            if (missing.Count == 0 || string.IsNullOrEmpty(next))
            {
                return;
            }
        }

        throw new InvalidDataException($"the API server's listing of pods in {api.Namespace} goes on after {MaxPages} pages");
    }

    private static string AddressOf(SiloAddress silo) => silo.Endpoint.Address.ToString();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pod of {Silo} no longer exists; declared it dead")]
    private partial void LogGone(SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pods could not be listed")]
    private partial void LogFailed(Exception fault);
}
