using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>A tag as one tenant sees it at one upstream; what it is depends on the known types that a client takes.</summary>
internal readonly record struct TagKey(TenantRepository Repository, Tag Tag, ManifestTypes Accept)
{
    public static TagKey Of(RegistryRequest request, in AcceptedTypes accepted) =>
        new(TenantRepository.Of(request), request.Path.Reference!.Tag!, accepted.Known);

    public WriteTarget Target => new(Repository.Address, Repository.Name, ManifestReference.Of(Tag));
}

/// <summary>What a tag was, and when the upstream last said so. The manifest itself is kept elsewhere, once for all tags of it.</summary>
internal sealed record TagEntry(Digest Digest, string MediaType, long At);

/// <summary>What tags are. What was asked before a write, and answered after it, is not kept.</summary>
internal sealed class TagIndex(InvalidationClock clock, TimeProvider time)
{
    private const int Capacity = 10_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly GroupedCache<WriteTarget, TagKey, TagEntry> _tags = new(
        Capacity, MaxBytes, static (key, entry) =>
            100 + TextWeight.Of(key.Repository.Name.Value) + TextWeight.Of(key.Tag.Value) + TextWeight.Of(entry.Digest.Value),
        static (key, _) => key.Target, static (key, entry) => key.Target with { Reference = ManifestReference.Of(entry.Digest) });

    public TagEntry? Find(in TagKey key) => _tags.TryGet(key, out var entry) ? entry : null;

    /// <summary>Whether the upstream need not be asked again.</summary>
    public bool IsFresh(in TagKey key, TagEntry entry, TimeSpan ttl) =>
        clock.BelievesKept(key.Repository.Place, entry.At) && time.GetElapsedTime(entry.At) < ttl;

    public TimeSpan AgeOf(TagEntry entry) => time.GetElapsedTime(entry.At);

    /// <summary>Keeps what an upstream said.</summary>
    /// <param name="mark">Taken before it was asked.</param>
    public void Learn(in TagKey key, ManifestContent content, in WriteMark mark)
    {
        _tags.Set(key, new TagEntry(content.Digest, content.MediaType, mark.At));

        // Looked at behind the line above: a write after this has to look for the entry, and finds it.
        if (!clock.MayLearn(key.Target, mark)
            || !clock.MayLearn(key.Target with { Reference = ManifestReference.Of(content.Digest) }, mark))
        {
            _tags.Remove(key);
            return;
        }

        clock.Keep(key.Repository.Place);
    }

    public void Forget(in TagKey key) => _tags.Remove(key);

    /// <summary>Something was written: a tag, or a digest, of which every tag may be.</summary>
    public void Forget(in WriteTarget target) => _tags.RemoveGroup(target);
}
