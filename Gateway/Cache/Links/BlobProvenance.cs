using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>
/// Which bytes came here from which upstream of which tenant. What one upstream sent is never served on the word of another alone, which
/// may say that it has anything: it must have sent the bytes itself once, or share content with the one that did. After a restart, whose
/// folder a file lies in tells it.
/// </summary>
internal sealed class BlobProvenance(DiskStore store)
{
    private const int Capacity = 100_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 32 * 1024 * 1024;

    private readonly WeighedCache<SuppliedBlob, bool> _known = new(
        Capacity, MaxBytes, static (blob, _) => TextWeight.Of(blob.Digest.Value));

    /// <summary>An upstream sent these bytes, and they were right.</summary>
    public void Add(in Supplier supplier, Digest digest) => _known.Set(new SuppliedBlob(supplier, digest), true);

    /// <summary>Whether bytes may be served to a tenant on the word of an upstream.</summary>
    /// <param name="tenant">The tenant.</param>
    /// <param name="upstream">The upstream.</param>
    /// <param name="digest">The bytes.</param>
    /// <param name="fileOf">The name that they have on the disk.</param>
    public bool Has(string tenant, Upstream upstream, Digest digest, Func<Digest, string> fileOf)
    {
        foreach (var identity in upstream.Suppliers)
        {
            if (_known.TryGet(new SuppliedBlob(new Supplier(tenant, identity), digest), out _))
            {
                return true;
            }
        }

        return store.OwnerOf(fileOf(digest)) is { } owner && HasLeft(owner, tenant, upstream, digest);
    }

    private bool HasLeft(string owner, string tenant, Upstream upstream, Digest digest)
    {
        foreach (var identity in upstream.Suppliers)
        {
            var supplier = new Supplier(tenant, identity);
            if (supplier.Owner == owner)
            {
                Add(supplier, digest);
                return true;
            }
        }

        return false;
    }

    private readonly record struct SuppliedBlob(Supplier Supplier, Digest Digest);
}

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
