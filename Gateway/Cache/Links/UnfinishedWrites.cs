using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>
/// The writes of whose end nothing is known: until it is, or for a minute, nothing that the upstream says of them is kept. Of a repository
/// with too many none is told from another any more, and nothing that the upstream says of that repository is kept for a minute.
/// </summary>
internal sealed class UnfinishedWrites(TimeProvider time)
{
    /// <summary>How many tags and digests are told apart.</summary>
    public const int MaxCount = 10_000;

    /// <summary>How many of one repository are.</summary>
    public const int MaxOfRepository = 1000;

    /// <summary>A write whose answer was lost may reach the upstream for as long as this.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Repositories with too many are told apart by a hash that nobody outside can foresee: one in so many shares the fate of another.
    /// </summary>
    private const int Groups = 65_536;

    private const long Never = long.MinValue;

    /// <summary>They are looked through no more often than this, however full it is.</summary>
    private static readonly TimeSpan SweepPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<RepositoryPlace, Dictionary<ManifestReference, WritesOfOne>> _begun = [];
    private long[]? _crowded;
    private long _swept = time.GetTimestamp();

    /// <summary>How often they were looked through.</summary>
    internal int Sweeps { get; private set; }

    internal int Count { get; private set; }

    /// <summary>Whether a write of this may still reach the upstream.</summary>
    public bool MayHold(in WriteTarget target)
    {
        lock (_gate)
        {
            return IsCrowded(target.Place)
                || (_begun.TryGetValue(target.Place, out var writes) && writes.TryGetValue(target.Reference, out var known)
                    && IsYoung(known));
        }
    }

    public void Begin(in WriteTarget target, Guid write)
    {
        lock (_gate)
        {
            Sweep(MaxTime);
            if (!TryAdd(target, write))
            {
                Sweep(SweepPause);
                if (!TryAdd(target, write))
                {
                    Crowd(target.Place);
                }
            }
        }
    }

    /// <summary>One was written: what was lost before it began was written before it. What began later goes on.</summary>
    public void Done(in WriteTarget target, Guid write) => End(target, write, static (writes, one) => writes.Done(one));

    /// <summary>One of the writes of this came to nothing; that says nothing of the others.</summary>
    public void Refused(in WriteTarget target, Guid write) => End(target, write, static (writes, one) => writes.Refused(one));

    private void End(in WriteTarget target, Guid write, Action<WritesOfOne, Guid> end)
    {
        lock (_gate)
        {
            if (_begun.TryGetValue(target.Place, out var writes) && writes.TryGetValue(target.Reference, out var known))
            {
                end(known, write);
                if (known.Newest is null)
                {
                    Remove(target.Place, writes, target.Reference);
                }
            }
        }
    }

    private bool TryAdd(in WriteTarget target, Guid write)
    {
        var writes = _begun.GetValueOrDefault(target.Place);
        var known = writes?.GetValueOrDefault(target.Reference);
        if (known is null)
        {
            if (Count >= MaxCount || writes?.Count >= MaxOfRepository)
            {
                return false;
            }

            writes ??= _begun[target.Place] = [];
            known = writes[target.Reference] = new WritesOfOne();
            Count++;
        }

        known.Begin(write, time.GetTimestamp());
        return true;
    }

    private void Remove(in RepositoryPlace place, Dictionary<ManifestReference, WritesOfOne> writes, ManifestReference reference)
    {
        writes.Remove(reference);
        Count--;
        if (writes.Count == 0)
        {
            _begun.Remove(place);
        }
    }

    private void Crowd(in RepositoryPlace place)
    {
        if (_crowded is null)
        {
            _crowded = new long[Groups];
            Array.Fill(_crowded, Never);
        }

        _crowded[GroupOf(place)] = time.GetTimestamp();
    }

    private bool IsCrowded(in RepositoryPlace place) =>
        _crowded is not null && _crowded[GroupOf(place)] is var since and not Never && IsYoung(since);

    private bool IsYoung(WritesOfOne writes) => writes.Newest is { } newest && IsYoung(newest);

    private bool IsYoung(long since) => time.GetElapsedTime(since) < MaxTime;

    /// <summary>Not at each write: each looks at as many others on average as are left behind, or at a second's part of all.</summary>
    private void Sweep(TimeSpan pause)
    {
        if (time.GetElapsedTime(_swept) < pause)
        {
            return;
        }

        (_swept, Sweeps) = (time.GetTimestamp(), Sweeps + 1);
        foreach (var (place, writes) in _begun)
        {
            foreach (var (reference, known) in writes)
            {
                if (!IsYoung(known))
                {
                    Remove(place, writes, reference);
                }
            }
        }
    }

    private static int GroupOf(in RepositoryPlace place) => (int)((uint)HashCode.Combine(place.Address, place.Name.Value) % Groups);
}
