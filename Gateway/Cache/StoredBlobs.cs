using System.Collections.Concurrent;
using System.Security.Cryptography;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache;

/// <summary>Blobs on the disk. Those that an earlier process left are hashed before they are served for the first time: disks forget, and people touch files.</summary>
internal sealed class StoredBlobs(DiskStore store, CacheMeter meter)
{
    private const int ChunkBytes = 1024 * 1024;

    private readonly ConcurrentDictionary<string, Lazy<Task<bool>>> _checks = new();

    public static string NameOf(Digest digest) => $"{digest.Hex}.blob";

    public bool Has(Digest digest) => store.Has(NameOf(digest));

    /// <summary>Opens a blob; <c>null</c> when it is not there or not what it should be.</summary>
    public async ValueTask<DiskLease?> Open(Digest digest)
    {
        var name = NameOf(digest);
        if (store.Open(name) is not { } lease)
        {
            return null;
        }

        if (lease.Entry.IsVerified || await Check(name, digest, lease))
        {
            return lease;
        }

        lease.Dispose();
        return null;
    }

    private async Task<bool> Check(string name, Digest digest, DiskLease lease)
    {
        var check = _checks.GetOrAdd(name, _ => new Lazy<Task<bool>>(() => Task.Run(() => IsRight(digest, lease))));
        var right = await check.Value;
        if (_checks.TryRemove(KeyValuePair.Create(name, check)))
        {
            lease.Entry.IsVerified = right;
            if (!right)
            {
                store.Remove(name);
                meter.Corrupt();
            }
        }

        return right;
    }

    private static bool IsRight(Digest digest, DiskLease lease)
    {
        using var hash = IncrementalHash.CreateHash(digest.Algorithm == "sha512" ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);
        var buffer = new byte[ChunkBytes];
        try
        {
            for (long offset = 0; RandomAccess.Read(lease.File, buffer, offset) is var read and > 0; offset += read)
            {
                hash.AppendData(buffer.AsSpan(0, read));
            }
        }
        catch (IOException)
        {
            return false;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset()) == digest.Hex;
    }
}
