using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <summary>
/// Writes that have begun and of which nobody said that they have ended, for as long as gateways keep nothing because of them.
/// </summary>
internal sealed class UnfinishedChanges(TimeProvider time)
{
    /// <summary>How many are remembered; of others a gateway that pulls there for the first time just then does not hear.</summary>
    public const int MaxCount = 10_000;

    /// <summary>How long one is remembered.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(1);

    private readonly Dictionary<CacheChange, (int Group, long At)> _begun = [];
    private long _sweptAt = time.GetTimestamp();

    /// <summary>How many are remembered.</summary>
    public int Count => _begun.Count;

    /// <summary>A write begins or ends.</summary>
    public void Note(CacheChange change, int group)
    {
        Sweep();
        if (change.IsFinished || change.IsRefused)
        {
            _begun.Remove(change with { IsFinished = false, IsRefused = false });
        }
        else if (_begun.Count < MaxCount)
        {
            _begun[change] = (group, time.GetTimestamp());
        }
    }

    /// <summary>Those of some groups.</summary>
    public IEnumerable<CacheChange> Of(Func<int, bool> isGroup) => _begun
        .Where(begun => time.GetElapsedTime(begun.Value.At) < MaxTime && isGroup(begun.Value.Group)).Select(begun => begun.Key);

    private void Sweep()
    {
        if (time.GetElapsedTime(_sweptAt) < SweepPeriod)
        {
            return;
        }

        _sweptAt = time.GetTimestamp();
        foreach (var (change, (_, at)) in _begun)
        {
            if (time.GetElapsedTime(at) >= MaxTime)
            {
                _begun.Remove(change);
            }
        }
    }
}
