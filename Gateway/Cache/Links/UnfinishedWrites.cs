namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>
/// The writes at one upstream of whose end nothing is known: until it is, or for a minute, nothing that the upstream says of them is kept. Of too
/// many none is told from another any more, and nothing that the upstream says of anything is kept for a minute.
/// </summary>
internal sealed class UnfinishedWrites(TimeProvider time)
{
    /// <summary>How many are told apart.</summary>
    public const int MaxCount = 2000;

    /// <summary>A write whose answer was lost may reach the upstream for as long as this.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<WriteTarget, long> _begun = [];
    private long? _overflowed;
    private long _swept = time.GetTimestamp();

    /// <summary>How often they were looked through.</summary>
    internal int Sweeps { get; private set; }

    internal int Count => _begun.Count;

    /// <summary>Whether a write of this may still reach the upstream.</summary>
    public bool MayHold(in WriteTarget target)
    {
        lock (_gate)
        {
            return (_begun.TryGetValue(target, out var since) && IsYoung(since)) || (_overflowed is { } at && IsYoung(at));
        }
    }

    public void Begin(in WriteTarget target)
    {
        lock (_gate)
        {
            Sweep();
            if (_begun.Count < MaxCount || _begun.ContainsKey(target))
            {
                _begun[target] = time.GetTimestamp();
            }
            else
            {
                _overflowed = time.GetTimestamp();
            }
        }
    }

    public void End(in WriteTarget target)
    {
        lock (_gate)
        {
            _begun.Remove(target);
        }
    }

    private bool IsYoung(long since) => time.GetElapsedTime(since) < MaxTime;

    /// <summary>Once in a minute: each write looks at as many others on average as are left behind, not at all of them.</summary>
    private void Sweep()
    {
        if (IsYoung(_swept))
        {
            return;
        }

        (_swept, Sweeps) = (time.GetTimestamp(), Sweeps + 1);
        foreach (var (target, since) in _begun)
        {
            if (!IsYoung(since))
            {
                _begun.Remove(target);
            }
        }
    }
}
