using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RegistryProxy.Background;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>
/// Declares active silos dead whose pod is gone and which take no connections, so that a new silo need not wait until they stop answering.
/// </summary>
internal sealed partial class PodWatch(
    ApiServer api, IClusterMembershipService membership, ILocalSiloDetails self, IOptions<KubernetesClusteringOptions> options,
    TimeProvider time,
    ILogger<PodWatch> logger) : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly SiblingPods _pods = new(api);
    private readonly Outage _outage = new(time);

    /// <summary>Whether a silo without a pod takes connections: it is in another namespace, or outside of the cluster's pods.</summary>
    internal Func<IPEndPoint, TimeProvider, CancellationToken, Task<bool>> Answers { get; init; } = SiloPort.Answers;

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (options.Value.WatchPods && !stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Look(stoppingToken);
                if (_outage.End(out _, out var lasted))
                {
                    LogWell(lasted.TotalSeconds);
                }
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                if (_outage.Fail())
                {
                    LogFailed(fault);
                }
            }

            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Look(CancellationToken cancellation)
    {
        var own = self.SiloAddress.Endpoint.Address;
        var members = membership.CurrentSnapshot.Members.Values.Where(member => member.Status == SiloStatus.Active).ToList();
        HashSet<IPAddress> missing = [own, .. members.Select(member => member.SiloAddress.Endpoint.Address)];
        await _pods.Find(missing, own, cancellation);
        if (missing.Contains(own))
        {
            return;
        }

        foreach (var gone in members.Where(member => missing.Contains(member.SiloAddress.Endpoint.Address)))
        {
            if (!await Answers(gone.SiloAddress.Endpoint, time, cancellation))
            {
                LogGone(gone.SiloAddress);
                await membership.TryKill(gone.SiloAddress);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The pod of {Silo} no longer exists; declared it dead")]
    private partial void LogGone(SiloAddress silo);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The pods cannot be listed; until they can, silos whose pod is gone are declared dead by probes alone")]
    private partial void LogFailed(Exception fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "The pods can be listed again after {Seconds:F0} s")]
    private partial void LogWell(double seconds);
}
