using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Tells gateways of writes to the repositories of one shard, those alone that keep something of the repository's group: one that does not
/// answer holds up nobody else's pushes. The key is <see cref="WriteGroup.Shard"/>.
/// </summary>
[Version(0), Alias("rp.IWriteShardGrain")]
public interface IWriteShardGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Subscribes a gateway, or renews that; to be called every second. What <see cref="ICacheGrain.Follow"/> says of trust holds here.
    /// </summary>
    /// <param name="observer">The gateway.</param>
    /// <param name="interest">What it keeps something of, or is about to.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>
    /// The subscription. Another one than the time before means that writes may have been missed: what was kept before must be asked about.
    /// </returns>
    /// <exception cref="InvalidOperationException">
    /// It did not answer twice when it was told of writes, and is told of none for a while.
    /// </exception>
    [Alias("Follow"), AlwaysInterleave, ResponseTimeout("00:00:02")]
    ValueTask<WriteSubscription> Follow(ICacheObserver observer, WriteInterest interest, CancellationToken cancellation = default);

    /// <inheritdoc cref="ICacheGrain.Changed"/>
    [Alias("Changed"), AlwaysInterleave, ResponseTimeout("00:00:15")]
    ValueTask Changed(CacheChange change, CancellationToken cancellation = default);

    /// <summary>A gateway ends and believes nothing any more: nobody needs to wait for it.</summary>
    [Alias("Leave"), AlwaysInterleave, ResponseTimeout("00:00:02")]
    ValueTask Leave(ICacheObserver observer, CancellationToken cancellation = default);

    /// <summary>
    /// A gateway of a former version told <see cref="ICacheGrain"/> of a write; returns as <see cref="Changed"/> does.
    /// </summary>
    [Alias("ChangedByFormer"), AlwaysInterleave, SilosAlone, ResponseTimeout("00:00:15")]
    ValueTask ChangedByFormer(CacheChange change, CancellationToken cancellation = default);

    /// <summary>
    /// There are gateways of a former version, which follow <see cref="ICacheGrain"/> alone: it is told of writes, too, for
    /// <see cref="CacheReport.Trust"/> and a little longer.
    /// </summary>
    [Alias("TellFormer"), AlwaysInterleave, SilosAlone, ResponseTimeout("00:00:02")]
    ValueTask TellFormer(CancellationToken cancellation = default);
}

/// <summary>A gateway's subscription at a shard.</summary>
/// <param name="Id">Another one than the time before means that writes may have been missed.</param>
/// <param name="IsWhole">
/// Whether the shard tells of the writes of every gateway. If not, there are silos of a former version, where gateways of that version tell
/// <see cref="ICacheGrain"/> alone: that must be followed, too.
/// </param>
[GenerateSerializer, Immutable, Alias("rp.write-subscription")]
public sealed record WriteSubscription([property: Id(0)] Guid Id, [property: Id(1)] bool IsWhole);

/// <summary>Of which groups of repositories a gateway keeps something, or is about to.</summary>
/// <param name="Round">Grows with each call: what comes late says nothing any more.</param>
/// <param name="Bits">A bit for each <see cref="WriteGroup.Group"/>, the lowest first.</param>
[GenerateSerializer, Immutable, Alias("rp.write-interest")]
public sealed record WriteInterest([property: Id(0)] long Round, [property: Id(1)] IReadOnlyList<long> Bits)
{
    private const int BitsOfWord = 64;

    /// <summary>Every group.</summary>
    public static WriteInterest All { get; } = Of(0, static _ => true);

    /// <summary>Some groups.</summary>
    /// <param name="round">See <see cref="Round"/>.</param>
    /// <param name="isKept">Whether something of a group is kept.</param>
    public static WriteInterest Of(long round, Func<int, bool> isKept)
    {
        var bits = new long[WriteGroup.Groups / BitsOfWord];
        for (var group = 0; group < WriteGroup.Groups; group++)
        {
            bits[group / BitsOfWord] |= isKept(group) ? 1L << group : 0;
        }

        return new(round, bits);
    }

    /// <summary>Whether a group is among them.</summary>
    public bool Has(int group) => group / BitsOfWord < Bits.Count && (Bits[group / BitsOfWord] >> group & 1) != 0;

    /// <summary>Whether it has no group that another one has not.</summary>
    public bool IsWithin(WriteInterest? other) => other is not null && Bits.Count <= other.Bits.Count
        && Enumerable.Range(0, Bits.Count).All(word => (Bits[word] & ~other.Bits[word]) == 0);
}
