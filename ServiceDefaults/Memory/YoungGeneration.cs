using RegistryProxy.Background;

namespace RegistryProxy.ServiceDefaults.Memory;

/// <summary>
/// Collects the youngest generation when much was allocated since the last collection. By itself the runtime waits until that fills the
/// processor's last-level cache, which on large servers is hundreds of megabytes of garbage in every process.
/// </summary>
internal sealed class YoungGeneration(TimeProvider time) : BackgroundLoop
{
    /// <summary>Garbage that may lie there before it is collected, in bytes.</summary>
    public const long MaxAllocated = 8 * 1024 * 1024;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var (collections, allocated) = (GC.CollectionCount(0), GC.GetTotalAllocatedBytes());
        while (true)
        {
            await Task.Delay(Period, time, stoppingToken);
            if (GC.CollectionCount(0) == collections && GC.GetTotalAllocatedBytes() - allocated < MaxAllocated)
            {
                continue;
            }

            if (GC.CollectionCount(0) == collections)
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: false);
            }

            (collections, allocated) = (GC.CollectionCount(0), GC.GetTotalAllocatedBytes());
        }
    }
}
