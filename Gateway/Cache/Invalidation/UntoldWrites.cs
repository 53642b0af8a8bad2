using System.Threading.Channels;
using RegistryProxy.Background;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>
/// Ends of writes of which the cluster could not be told: it is told later. Those of one shard wait for no other, and nothing waits for
/// them.
/// </summary>
internal sealed class UntoldWrites(CacheCluster cluster, TimeProvider time) : BackgroundLoop
{
    /// <summary>How many wait for one shard. Of others gateways keep nothing for a minute, and hear nothing after it.</summary>
    public const int MaxOfShard = 600;

    /// <summary>How long one waits: nobody believes longer what was before it.</summary>
    public static readonly TimeSpan MaxAge = ShardClock.MaxIdle;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<(UntoldWrite Write, long At)>[] _shards =
    [
        .. Enumerable.Range(0, WriteGroup.Shards).Select(_ => Channel.CreateBounded<(UntoldWrite Write, long At)>(
            new BoundedChannelOptions(MaxOfShard) { FullMode = BoundedChannelFullMode.DropWrite })),
    ];

    /// <summary>Takes one, unless too many wait.</summary>
    public void Add(UntoldWrite write) => _shards[write.Target.Place.Group.Shard].Writer.TryWrite((write, time.GetTimestamp()));

    protected override Task Run(CancellationToken stoppingToken) =>
        Task.WhenAll(_shards.Select(shard => TellAll(shard.Reader, stoppingToken)));

    private async Task TellAll(ChannelReader<(UntoldWrite Write, long At)> untold, CancellationToken cancellation)
    {
        await foreach (var (write, at) in untold.ReadAllAsync(cancellation))
        {
            while (time.GetElapsedTime(at) < MaxAge && !await TryTell(write, cancellation))
            {
                await Task.Delay(Pause, time, cancellation);
            }
        }
    }

    private async Task<bool> TryTell(UntoldWrite write, CancellationToken cancellation)
    {
        try
        {
            await cluster.Changed(write.Target, write.Write, write.Step).WaitAsync(cancellation);
            return true;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            // Its first failure was logged, and it is told once more.
            return false;
        }
    }
}

/// <summary>The end of a write.</summary>
/// <param name="Target">What was written.</param>
/// <param name="Write">Which write it was.</param>
/// <param name="Step">What became of it.</param>
internal readonly record struct UntoldWrite(WriteTarget Target, Guid Write, WriteStep Step);
