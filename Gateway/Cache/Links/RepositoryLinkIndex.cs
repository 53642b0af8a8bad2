using RegistryProxy.Gateway.Memory;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>
/// Which repositories are known to hold which digests. To know a digest opens nothing: what is cached is served through a repository only
/// when an upstream said within a day, under that repository's name and credentials, that it is there, and no deletion was missed since.
/// </summary>
internal sealed class RepositoryLinkIndex(InvalidationClock clock, TimeProvider time)
{
    private const int Capacity = 100_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 40 * 1024 * 1024;

    private readonly GroupedCache<WriteTarget, RepositoryLink, long> _known = new(
        Capacity, MaxBytes, static (link, _) => TextWeight.Of(link.Repository.Name.Value) + TextWeight.Of(link.Digest.Value),
        static (link, _) => link.Target);

    public bool Knows(in RepositoryLink link) =>
        _known.TryGet(link, out var since) && time.GetElapsedTime(since) < Lifetime && clock.BelievesKept(link.Repository.Place, since);

    /// <summary>Whether it was so within a day, whatever was missed since; for upstreams that cannot be asked again.</summary>
    public bool Knew(in RepositoryLink link) => _known.TryGet(link, out var since) && time.GetElapsedTime(since) < Lifetime;

    /// <summary>Keeps what an upstream said.</summary>
    /// <param name="mark">Taken before it was asked.</param>
    public void Learn(in RepositoryLink link, in WriteMark mark)
    {
        _known.Set(link, mark.At);

        // Looked at behind the line above: a write after this has to look for the entry, and finds it.
        if (!clock.MayLearn(link.Target, mark))
        {
            _known.Remove(link);
            return;
        }

        clock.Keep(link.Repository.Place);
    }

    public void Forget(in RepositoryLink link) => _known.Remove(link);

    /// <summary>Something was deleted or replaced: no tenant's knowledge of it stays.</summary>
    public void Forget(in WriteTarget target) => _known.RemoveGroup(target);
}
