using BitFaster.Caching.Lru;
using RegistryProxy.Gateway.Distribution;

namespace RegistryProxy.Gateway.Cache;

/// <summary>A tag as one tenant sees it at one upstream; what it is depends on the types that a client takes.</summary>
internal readonly record struct TagKey(string Tenant, string Upstream, string Repository, string Tag, string Accept)
{
    public static TagKey Of(Exchange exchange) =>
        new(exchange.Site.Tenant.Name, exchange.Upstream.Identity, exchange.UpstreamName.Value, exchange.Path.Reference!.Tag!.Value,
            exchange.Context.Request.Headers.Accept.ToString());
}

/// <summary>What a tag was, and when the upstream last said so.</summary>
internal sealed record TagEntry(ManifestContent Content, long At);

/// <summary>What tags are. What was asked before a write, and answered after it, is not kept.</summary>
internal sealed class TagIndex(TimeProvider time)
{
    private const int Capacity = 10_000;

    private readonly ConcurrentLru<TagKey, TagEntry> _tags = new(Capacity);
    private long _writes;

    /// <summary>Counts writes; to be remembered before an upstream is asked.</summary>
    public long Writes => Volatile.Read(ref _writes);

    public TagEntry? Find(in TagKey key) => _tags.TryGet(key, out var entry) ? entry : null;

    public TimeSpan AgeOf(TagEntry entry) => time.GetElapsedTime(entry.At);

    /// <summary>Keeps what an upstream said.</summary>
    /// <param name="writes"><see cref="Writes"/> before it was asked.</param>
    public void Learn(in TagKey key, ManifestContent content, long at, long writes)
    {
        if (writes == Writes)
        {
            _tags.AddOrUpdate(key, new TagEntry(content, at));
        }

        // A write between the two lines above: it has looked for this entry already, or will.
        if (writes != Writes)
        {
            _tags.TryRemove(key);
        }
    }

    public void Forget(in TagKey key) => _tags.TryRemove(key);

    /// <summary>Something was written: a tag, or a digest, of which every tag may be.</summary>
    public void Forget(string upstream, string repository, string reference)
    {
        Interlocked.Increment(ref _writes);
        foreach (var (key, entry) in _tags)
        {
            if (key.Repository == repository && key.Upstream == upstream && (key.Tag == reference || entry.Content.Digest.Value == reference))
            {
                _tags.TryRemove(key);
            }
        }
    }
}
