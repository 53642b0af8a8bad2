using RegistryProxy.Background;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Blobs on the disk. A file is hashed before it is served when an earlier process left it and when it was touched since; and once a day
/// behind those who read it: disks forget, and people touch files.
/// </summary>
internal sealed class StoredBlobs(DiskStore store, BlobProvenance provenance, CacheMeter meter, TimeProvider time)
{
    private static readonly TimeSpan CheckLifetime = TimeSpan.FromDays(1);

    private const int ChunkBytes = 1024 * 1024;

    /// <summary>How many files are hashed at once, and as many large ones: neither the processors nor the disk are theirs.</summary>
    private const int MaxChecks = 2;

    /// <summary>Smaller files do not wait for those of this size, in bytes.</summary>
    private const int Large = 64 * 1024 * 1024;

    private readonly SingleFlights<(string Name, FileStamp Stamp), bool> _checks = new();

    private SemaphoreSlim Turns { get; } = new(MaxChecks);

    private SemaphoreSlim LargeTurns { get; } = new(MaxChecks);

    private SemaphoreSlim Behind { get; } = new(1);

    public static string NameOf(Digest digest) => $"{digest.Hex}.blob";

    /// <summary>Whether a blob is there that may be served to a tenant on an upstream's word.</summary>
    public bool Has(string tenant, Upstream upstream, Digest digest) =>
        NameOf(digest) is var name && store.OwnerOf(name) is not null && provenance.Has(tenant, upstream, digest, NameOf);

    /// <summary>Opens a blob; <c>null</c> when it is not there, not what it should be, or came from others alone.</summary>
    public async ValueTask<DiskLease?> Open(string tenant, Upstream upstream, Digest digest)
    {
        var name = NameOf(digest);
        if (!provenance.Has(tenant, upstream, digest, NameOf) || store.Open(name) is not { } lease)
        {
            return null;
        }

        if (lease.Entry.Check is { } check && check.Stamp == lease.Stamp)
        {
            if (time.GetElapsedTime(check.At) >= CheckLifetime)
            {
                CheckBehind(digest, name);
            }

            return lease;
        }

        if (await CheckOnce(digest, name, lease))
        {
            return lease;
        }

        lease.Dispose();
        return null;
    }

    /// <summary>One at a time; others are begun when they are read the next time. None stands before those that are waited for.</summary>
    private void CheckBehind(Digest digest, string name)
    {
        if (Behind.Wait(0))
        {
            _ = Run();
        }

        async Task Run()
        {
            try
            {
                using var lease = store.Open(name);
                if (lease is not null)
                {
                    await DiskWork.OnThread(() => Check(digest, lease));
                }
            }
            finally
            {
                Behind.Release();
            }
        }
    }

    /// <summary>On its own: what the delegate holds would otherwise be allocated for every blob that is opened.</summary>
    private Task<bool> CheckOnce(Digest digest, string name, DiskLease lease) =>
        _checks.Join((name, lease.Stamp), () => CheckInTurn(digest, lease));

    /// <summary>On a thread of its own: the pool's serve requests.</summary>
    private async Task<bool> CheckInTurn(Digest digest, DiskLease lease)
    {
        var turns = lease.Size < Large ? Turns : LargeTurns;
        await turns.WaitAsync();
        try
        {
            return await DiskWork.OnThread(() => Check(digest, lease));
        }
        finally
        {
            turns.Release();
        }
    }

    private bool Check(Digest digest, DiskLease lease)
    {
        var right = IsRight(digest, lease);
        lease.Entry.Check = right ? new DiskCheck(lease.Stamp, time.GetTimestamp()) : null;
        if (!right)
        {
            store.Remove(lease.Entry);
            meter.Corrupt();
        }

        return right;
    }

    private static bool IsRight(Digest digest, DiskLease lease)
    {
        using var hash = new BlobHash(digest);
        var buffer = new byte[ChunkBytes];
        try
        {
            for (long offset = 0; RandomAccess.Read(lease.File, buffer, offset) is var read and > 0; offset += read)
            {
                hash.Append(buffer.AsSpan(0, read));
            }
        }
        catch (IOException)
        {
            return false;
        }

        return hash.IsRight();
    }
}

/// <summary>Whether a repository holds a blob: as it is known here, or as its upstream says when it is asked.</summary>
internal sealed class LinkCheck(RepositoryLinkIndex linkIndex, KnownPlaces places, InvalidationClock clock, UpstreamFetcher fetcher)
{
    /// <inheritdoc cref="RepositoryLinkIndex.Knows"/>
    public bool Knows(in RepositoryLink link) => linkIndex.Knows(link);

    /// <inheritdoc cref="InvalidationClock.Listen"/>
    public ValueTask Listen(in RepositoryLink link, CancellationToken cancellation) => clock.Listen(link.Repository.Place, cancellation);

    /// <summary>To be taken before an upstream is asked.</summary>
    public WriteMark Mark(in RepositoryLink link) => clock.Mark(link.Repository);

    /// <inheritdoc cref="RepositoryLinkIndex.Learn"/>
    public void Learn(in RepositoryLink link, in WriteMark mark)
    {
        linkIndex.Learn(link, mark);
        places.Add(link);
    }

    /// <summary>Asks the upstream; the error for the client when the repository does not hold it.</summary>
    public async Task<DistributionError?> Confirm(RepositoryLink link, Fetch fetch, CancellationToken cancellation)
    {
        var mark = clock.Mark(link.Repository);
        var error = await fetcher.Confirm(fetch, cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (error is null)
        {
            Learn(link, mark);
            return null;
        }

        return UpstreamErrorKind.IsOutage(error) && linkIndex.Knew(link) ? null : Classify(link, error);
    }

    /// <summary>An upstream that says no ends what was known.</summary>
    public DistributionError? Classify(in RepositoryLink link, DistributionError? error)
    {
        if (error is not null && UpstreamErrorKind.IsRefusal(error))
        {
            linkIndex.Forget(link);
        }

        return error;
    }
}
