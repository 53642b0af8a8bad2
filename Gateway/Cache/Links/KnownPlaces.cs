using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>
/// Repositories that had a blob when it was pushed or pulled through here, the latest last. It opens nothing: an upstream that is told to
/// mount from one looks itself.
/// </summary>
internal sealed class KnownPlaces
{
    /// <summary>Blobs of which they are remembered.</summary>
    public const int Capacity = 50_000;

    /// <summary>What they may weigh, in bytes.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>Repositories of one blob.</summary>
    public const int MaxOfBlob = 4;

    private readonly WeighedCache<(Supplier Supplier, Digest Digest), RepositoryName[]> _known = new(
        Capacity, MaxBytes, static (key, names) => TextWeight.Of(key.Digest.Value) + names.Sum(name => TextWeight.Of(name.Value)));

    /// <summary>The latest first.</summary>
    public IEnumerable<RepositoryName> Of(Supplier supplier, Digest digest) =>
        _known.TryGet((supplier, digest), out var names) ? names.Reverse() : [];

    public void Add(in RepositoryLink link)
    {
        var (key, name) = ((link.Supplier, link.Digest), link.Repository.Name);
        var known = _known.TryGet(key, out var names) ? names : [];
        if (known is not [.., var latest] || latest != name)
        {
            _known.Set(key, [.. known.Where(other => other != name).TakeLast(MaxOfBlob - 1), name]);
        }
    }
}
