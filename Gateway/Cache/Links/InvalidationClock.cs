using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>
/// What is heard of writes at upstreams, and what may be believed because of that: an answer is kept only when nothing was written, or is
/// being written, since it was asked for; and it is believed only while every write since would have been heard of.
/// </summary>
internal sealed class InvalidationClock(TimeProvider time)
{
    private long _heardAt = long.MinValue;
    private long _unbrokenSince = long.MaxValue;

    /// <summary>What each shard tells, by its key.</summary>
    public IReadOnlyList<ShardClock> Shards { get; } = [.. Enumerable.Range(0, WriteGroup.Shards).Select(_ => new ShardClock(time))];

    /// <summary>Whether the grain is heard that gateways of a former version tell of their writes.</summary>
    public bool IsTrusted =>
        Volatile.Read(ref _heardAt) is var heard and not long.MinValue && time.GetElapsedTime(heard) < CacheReport.Trust;

    /// <summary>Since when each write of a gateway of a former version was heard of; now, when some may not be.</summary>
    public long FormerHeardSince => IsTrusted ? Volatile.Read(ref _unbrokenSince) : time.GetTimestamp();

    /// <summary>Whether writes to a repository are heard of.</summary>
    public bool Hears(in RepositoryPlace place) =>
        Shards[place.Group.Shard] is { IsTrusted: true } shard && (shard.IsWhole || IsTrusted);

    /// <summary>Whether what an upstream said of a repository is still so, as far as it was written through a gateway.</summary>
    public bool Believes(in RepositoryPlace place, long at)
    {
        var (key, group) = place.Group;
        var shard = Shards[key];
        return shard.Believes(group, at) && (shard.IsWhole || (IsTrusted && at >= Volatile.Read(ref _unbrokenSince)));
    }

    /// <summary>The same of what is kept, which is used if it is still so.</summary>
    public bool BelievesKept(in RepositoryPlace place, long at)
    {
        if (!Believes(place, at))
        {
            return false;
        }

        Keep(place);
        return true;
    }

    /// <summary>Something of a repository is kept: its writes are told of while anything is pulled from it, and a day more.</summary>
    public void Keep(in RepositoryPlace place)
    {
        var (shard, group) = place.Group;
        Shards[shard].Keep(group);
    }

    /// <summary>
    /// Returns when writes to a repository are heard of, or after half a second: to be awaited before <see cref="Mark"/>, since what an
    /// upstream said before that is not believed.
    /// </summary>
    public ValueTask Listen(in RepositoryPlace place, CancellationToken cancellation)
    {
        var (shard, group) = place.Group;
        return Shards[shard].Listen(group, cancellation);
    }

    /// <summary>To be taken before an upstream is asked.</summary>
    public WriteMark Mark(in TenantRepository repository)
    {
        var (key, group) = repository.Place.Group;
        var shard = Shards[key];
        var since = shard.HeardSince(group);
        if (!shard.IsWhole)
        {
            since = IsTrusted && since is { } told ? Math.Max(told, Volatile.Read(ref _unbrokenSince)) : null;
        }

        return new(shard.CountOf(group), since, time.GetTimestamp());
    }

    /// <summary>Whether an answer may be kept.</summary>
    public bool MayLearn(in WriteTarget target, in WriteMark mark) => mark.Writes == Count(target.Place) && !Unfinished.MayHold(target);

    /// <summary>The cluster tells us of writes of gateways of a former version.</summary>
    /// <param name="asked">When it was asked to.</param>
    /// <param name="isUnbroken">Whether we heard of all since the time before.</param>
    public void Heard(long asked, bool isUnbroken)
    {
        if (!isUnbroken)
        {
            Volatile.Write(ref _unbrokenSince, time.GetTimestamp());
        }

        Volatile.Write(ref _heardAt, asked);
    }

    /// <summary>The cluster tells us no more.</summary>
    public void Leave()
    {
        Volatile.Write(ref _heardAt, long.MinValue);
        foreach (var shard in Shards)
        {
            shard.Leave();
        }
    }

    /// <summary>Something is about to be written, or has been.</summary>
    /// <param name="target">What.</param>
    /// <param name="write">Which write it is.</param>
    /// <param name="isFinished">Whether it has been.</param>
    public void Note(in WriteTarget target, Guid write, bool isFinished)
    {
        if (isFinished)
        {
            Unfinished.Done(target, write);
        }
        else
        {
            Unfinished.Begin(target, write);
        }

        var (shard, group) = target.Place.Group;
        Shards[shard].Count(group);
    }

    /// <summary>What was about to be written was not: what the upstream said meanwhile is so.</summary>
    public void NoteRefused(in WriteTarget target, Guid write) => Unfinished.Refused(target, write);

    internal UnfinishedWrites Unfinished { get; } = new(time);

    private long Count(in RepositoryPlace place)
    {
        var (shard, group) = place.Group;
        return Shards[shard].CountOf(group);
    }
}

/// <summary>What is written: a tag or digest of a repository at an address.</summary>
internal readonly record struct WriteTarget(string Address, RepositoryName Repository, ManifestReference Reference)
{
    public RepositoryPlace Place => new(Address, Repository);
}

/// <summary>A moment.</summary>
/// <param name="Writes">How many writes there had been.</param>
/// <param name="HeardSince">Since when every write is heard of; <c>null</c> when some may not be.</param>
/// <param name="At">When it was.</param>
internal readonly record struct WriteMark(long Writes, long? HeardSince, long At)
{
    /// <summary>
    /// What two moments share between which nothing was written: who comes at one of them may take an answer that was asked for at the
    /// other. <c>null</c> when that is not known of any other moment.
    /// </summary>
    public WriteEpoch? Epoch => HeardSince is { } since ? new(Writes, since) : null;
}

/// <summary>A time in which nothing was written.</summary>
internal readonly record struct WriteEpoch(long Writes, long HeardSince);
