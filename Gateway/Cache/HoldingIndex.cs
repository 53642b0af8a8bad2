using BitFaster.Caching.Lru;

namespace RegistryProxy.Gateway.Cache;

/// <summary>
/// Which repositories are known to hold which digests. To know a digest opens nothing: what is cached is served through a repository only
/// when an upstream said within a day, under that repository's name and credentials, that it is there.
/// </summary>
internal sealed class HoldingIndex(TimeProvider time)
{
    private const int Capacity = 100_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly ConcurrentLru<Holding, long> _known = new(Capacity);

    public bool Knows(in Holding holding) => _known.TryGet(holding, out var since) && time.GetElapsedTime(since) < Lifetime;

    /// <summary>Whether it was so once; for upstreams that cannot be asked again.</summary>
    public bool Knew(in Holding holding) => _known.TryGet(holding, out _);

    public void Learn(in Holding holding) => _known.AddOrUpdate(holding, time.GetTimestamp());

    public void Forget(in Holding holding) => _known.TryRemove(holding);

    /// <summary>Something was deleted or replaced: no tenant's knowledge of it stays.</summary>
    public void Forget(string upstream, string repository, string digest)
    {
        foreach (var key in _known.Keys.Where(key => key.Digest == digest && key.Repository == repository && key.Upstream == upstream))
        {
            _known.TryRemove(key);
        }
    }
}
