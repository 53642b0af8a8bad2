using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Peers;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Asks the cluster who fetches a blob. While the cluster does not answer it is left alone for some seconds, and this gateway fetches by
/// itself.
/// </summary>
internal sealed partial class Elections(ClusterClient cluster, LocalPeer local, TimeProvider time, ILogger<Elections> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private long _pausedUntil;

    /// <summary>Where to get a blob; <c>null</c> when gateways are on their own.</summary>
    /// <param name="failed">The holder that was named before and could not give it.</param>
    public async ValueTask<FetchElection?> Elect(FetchKey key, string? failed, CancellationToken cancellation)
    {
        if (local.Member is not { } member || time.GetTimestamp() < Volatile.Read(ref _pausedUntil))
        {
            return null;
        }

        try
        {
            return await cluster.CallOnce(
                (grains, stop) => grains.GetGrain<IFetchGrain>(key.ToString()).Elect(member, failed, stop),
                CallPolicy.Election, cancellation);
        }
        catch (Exception fault)
        {
            if (!cancellation.IsCancellationRequested)
            {
                Volatile.Write(ref _pausedUntil, time.GetTimestamp() + (long)(Pause.TotalSeconds * time.TimestampFrequency));
                LogAway(fault);
            }

            return null;
        }
    }

    /// <summary>The elected gateway has the blob, or nobody does.</summary>
    public async Task End(FetchKey key, long term, bool kept)
    {
        try
        {
            await cluster.CallOnce(
                (grains, stop) => grains.GetGrain<IFetchGrain>(key.ToString()).End(term, kept, stop), CallPolicy.Election,
                CancellationToken.None);
        }
        catch (Exception fault)
        {
            // Whoever is sent here for it finds out, and says so when it asks again.
            LogUntold(fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The cluster elects no gateway to fetch; this gateway fetches by itself")]
    private partial void LogAway(Exception fault);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster could not be notified that a download ended")]
    private partial void LogUntold(Exception fault);
}
