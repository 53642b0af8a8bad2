namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// State of its own for each of the last few credentials or definitions of an upstream: what is said of one, however late, never touches
/// another.
/// </summary>
/// <param name="create">The state of one that nothing is known of.</param>
internal sealed class PerStamp<T>(Func<T> create)
    where T : class
{
    /// <summary>There is one, but for a moment after an edit.</summary>
    public const int MaxKept = 4;

    private readonly List<(string Stamp, T State)> _known = [];

    /// <summary>The state of one; that of the one that was asked for longest ago makes room.</summary>
    public T Of(string stamp)
    {
        var at = _known.FindIndex(known => known.Stamp == stamp);
        var found = at < 0 ? (Stamp: stamp, State: create()) : _known[at];
        if (at >= 0 || _known.Count == MaxKept)
        {
            _known.RemoveAt(Math.Max(at, 0));
        }

        _known.Add(found);
        return found.State;
    }
}
