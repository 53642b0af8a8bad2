namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>The unfinished writes of one tag or digest, in the order in which they were last heard to begin.</summary>
internal sealed class WritesOfOne
{
    /// <summary>How many are told from each other; of one that has more nothing is kept for as long as a write may last.</summary>
    public const int MaxCount = 16;

    private readonly List<(Guid Write, long Since)> _begun = new(1);
    private long? _tooManySince;

    /// <summary>When the last of them began; <c>null</c> when all have ended.</summary>
    public long? Newest => _begun.Count == 0 ? _tooManySince : Math.Max(_begun[^1].Since, _tooManySince ?? long.MinValue);

    public void Begin(Guid write, long now)
    {
        Remove(write);
        if (_begun.Count == MaxCount)
        {
            _begun.RemoveAt(0);
            _tooManySince = now;
        }

        _begun.Add((write, now));
    }

    /// <summary>One was written: what was lost before it began was written before it.</summary>
    public void Done(Guid write)
    {
        var at = _begun.FindIndex(begun => begun.Write == write);
        _begun.RemoveRange(0, at + 1);
    }

    /// <summary>One came to nothing; that says nothing of the others, nor of any when it is not said which one.</summary>
    public void Refused(Guid write)
    {
        if (write != Guid.Empty)
        {
            Remove(write);
        }
    }

    private void Remove(Guid write)
    {
        var at = _begun.FindIndex(begun => begun.Write == write);
        if (at >= 0)
        {
            _begun.RemoveAt(at);
        }
    }
}
