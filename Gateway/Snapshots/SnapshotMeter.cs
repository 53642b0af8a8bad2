using System.Diagnostics.Metrics;

namespace RegistryProxy.Gateway.Snapshots;

/// <summary>Shows for how long the cluster has not answered: beyond <c>cluster.maxStale</c> sessions are not served any more.</summary>
internal sealed class SnapshotMeter
{
    private readonly TimeProvider _time;
    private long _answered;

    public SnapshotMeter(IMeterFactory meters, TimeProvider time)
    {
        (_time, _answered) = (time, time.GetTimestamp());
        meters.Create("RegistryProxy.Gateway").CreateObservableGauge(
            "registryproxy.gateway.cluster_silent", () => _time.GetElapsedTime(Volatile.Read(ref _answered)).TotalSeconds, "s",
            "Since the cluster answered last");
    }

    /// <summary>It answered.</summary>
    public void Answered() => Volatile.Write(ref _answered, _time.GetTimestamp());
}
