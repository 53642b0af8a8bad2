using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache;

/// <summary>
/// Which bytes came here from which tenant's own upstreams. What one tenant's brought is never served to another on the word of that other's
/// upstream alone, which may say that it has anything: it must have sent the bytes itself once. After a restart, whose folder a file lies in tells it.
/// </summary>
internal sealed class Deliveries(DiskStore store)
{
    private const int Capacity = 100_000;

    private readonly ConcurrentLru<(string Tenant, string Digest), bool> _known = new(Capacity);

    /// <summary>An upstream of the tenant sent these bytes, and they were right.</summary>
    public void Add(string tenant, string digest) => _known.AddOrUpdate((tenant, digest), true);

    /// <summary>Whether one did.</summary>
    /// <param name="file">The name that the bytes have on the disk.</param>
    public bool Has(string tenant, Digest digest, string file)
    {
        if (_known.TryGet((tenant, digest.Value), out _))
        {
            return true;
        }

        if (store.OwnerOf(file) != DiskShare.OwnerOf(tenant))
        {
            return false;
        }

        Add(tenant, digest.Value);
        return true;
    }
}
