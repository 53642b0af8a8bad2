using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Keeps the caches of gateways right: every one of them hears of a write before the client that wrote does. The key is always 0.
/// Gateways of a former version tell of their writes here and hear of all of them; others tell an <see cref="IWriteShardGrain"/>. Each
/// passes on what it is told for as long as there is a former one.
/// </summary>
[Version(0), Alias("rp.ICacheGrain")]
public interface ICacheGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Subscribes a gateway, or renews that; to be called every second. A gateway that could not renew for <see cref="CacheReport.Trust"/>
    /// must ask upstreams about everything that it keeps.
    /// </summary>
    /// <returns>
    /// The subscription. Another one than the time before means that writes may have been missed: what was kept before must be asked about.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// It did not answer twice when it was told of writes, and is told of none for a while.
    /// </exception>
    [Alias("Follow"), AlwaysInterleave, ResponseTimeout("00:00:02")]
    ValueTask<Guid> Follow(ICacheObserver observer, CacheReport report, CancellationToken cancellation = default);

    /// <summary>
    /// Something is written through a gateway; returns when every gateway has forgotten what it was before, or believes nothing any more
    /// because it could not be reached for <see cref="CacheReport.Trust"/>.
    /// </summary>
    [Alias("Changed"), AlwaysInterleave, ResponseTimeout("00:00:15")]
    ValueTask Changed(CacheChange change, CancellationToken cancellation = default);

    /// <summary>A gateway ends and believes nothing any more: nobody needs to wait for it.</summary>
    [Alias("Leave"), AlwaysInterleave, ResponseTimeout("00:00:02")]
    ValueTask Leave(ICacheObserver observer, string gateway, CancellationToken cancellation = default);

    /// <summary>The last report of each gateway.</summary>
    [Alias("Describe"), AlwaysInterleave]
    ValueTask<IReadOnlyList<CacheReport>> Describe(CancellationToken cancellation = default);
}

/// <summary>A gateway with a cache.</summary>
[Alias("rp.ICacheObserver")]
public interface ICacheObserver : IGrainObserver
{
    /// <summary>Forget what this was before; answered when it is forgotten.</summary>
    [Alias("Changed")]
    Task Changed(CacheChange change);
}

/// <summary>A write.</summary>
/// <param name="Upstream">The address of the upstream: whichever route leads there.</param>
/// <param name="Repository">The repository's name there.</param>
/// <param name="Reference">The tag or digest.</param>
/// <param name="IsFinished">
/// Whether the upstream is known to be done with it. Until then, and for a minute at most, nothing that it says of this is kept.
/// </param>
/// <param name="IsRefused">Whether the upstream is known to have written nothing. Who does not know this member takes it for
/// finished.</param>
/// <param name="Write">Which write it is: what is said of one, however late, says nothing of another. Empty from a version that does not
/// tell them apart.</param>
[GenerateSerializer, Immutable, Alias("rp.cache-change")]
public sealed record CacheChange(
    [property: Id(0)] string Upstream, [property: Id(1)] string Repository, [property: Id(2)] string Reference,
    [property: Id(3)] bool IsFinished,
    [property: Id(4)] bool IsRefused = false,
    [property: Id(5)] Guid Write = default);

/// <summary>What one gateway keeps, and what that was good for since it started.</summary>
[GenerateSerializer, Immutable, Alias("rp.cache-report")]
public sealed record CacheReport
{
    /// <summary>How long a gateway may believe that it hears of every write after it last asked to.</summary>
    public static TimeSpan Trust { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Host name and process.</summary>
    [Id(0)]
    public required string Gateway { get; init; }

    /// <summary><c>ok</c>, or <c>bypassed</c> while the disk cannot be written.</summary>
    [Id(1)]
    public required string State { get; init; }

    [Id(2)]
    public long Objects { get; init; }

    [Id(3)]
    public long Bytes { get; init; }

    [Id(4)]
    public long MaxBytes { get; init; }

    [Id(5)]
    public long Hits { get; init; }

    [Id(6)]
    public long Misses { get; init; }

    /// <summary>Readers that joined a download under way, here or at another gateway.</summary>
    [Id(7)]
    public long Joined { get; init; }

    /// <summary>Bytes that clients got and upstreams did not have to send.</summary>
    [Id(8)]
    public long SavedBytes { get; init; }

    /// <summary>Downloads whose bytes were not what their digest says; nothing of them is kept.</summary>
    [Id(9)]
    public long Corrupt { get; init; }

    /// <summary>Objects that had to make room.</summary>
    [Id(10)]
    public long Evicted { get; init; }

    /// <summary>Whether it follows the shards. One of a former version does not.</summary>
    [Id(11)]
    public bool FollowsShards { get; init; }
}
