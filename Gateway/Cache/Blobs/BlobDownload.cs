using System.Buffers;
using System.Net;
using Microsoft.Win32.SafeHandles;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// One download of a blob into the cache, shared by all who want it. It hashes what it writes; the last byte is given out only when the
/// digest is right, so that nobody gets a wrong blob that ends cleanly. When everybody has left before half of it came, it stops.
/// </summary>
internal sealed class BlobDownload(
    RepositoryLink starter, Fetch fetch, DiskStore store, DownloadSource source, CacheMeter meter, TimeProvider time)
    : IDisposable
{
    /// <summary>What an upstream must send within a minute, in bytes: a kilobyte a second.</summary>
    private const int MinBytesPerMinute = 60 * 1024;

    private const int ChunkBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly BlobHash _hash = new(starter.Digest);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<DistributionError?> _head = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PartialFile? _file;
    private DownloadEnd _end;
    private long _written;
    private long _available;
    private int _readers;
    private bool _closed;

    /// <summary>On whose word it was begun.</summary>
    public RepositoryLink Starter => starter;

    /// <summary>Taken before the upstream was asked.</summary>
    public required WriteMark Asked { get; init; }

    /// <summary>What its bytes keep to, where nobody waits for it who pays for them; <c>null</c> for nothing.</summary>
    public BytePace? Pace { get; init; }

    /// <summary>Whether it comes from another gateway; known once the head is.</summary>
    public bool IsFromPeer => source.IsPeer;

    /// <summary>Known once the head is.</summary>
    public long Size { get; private set; }

    /// <summary>Whether it goes into the cache. If not, everybody streams on their own.</summary>
    public bool IsKept => _file is not null;

    /// <summary>What ended it that should not have; <c>null</c> for what upstreams and clients do.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Counts a reader in; <c>false</c> when it is too late.</summary>
    public bool TryJoin()
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            _readers++;
            return true;
        }
    }

    /// <summary>Counts a reader out.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            if (--_readers > 0)
            {
                return;
            }

            _closed |= _end == DownloadEnd.Open && (Size == 0 || _available < Size / 2);
            Release();
        }

        try
        {
            // What continues here takes other locks.
            if (Volatile.Read(ref _closed))
            {
                _stop.Cancel();
            }
        }
        catch (ObjectDisposedException)
        {
            // It ended in this very moment.
        }
    }

    /// <summary>Waits until the upstream answered: the error for the client, or <c>null</c>.</summary>
    public Task<DistributionError?> Head(CancellationToken cancellation) => _head.Task.WaitAsync(cancellation);

    /// <summary>Waits for bytes beyond an offset; up to where there are some now, or −1 when there will be no more.</summary>
    public async ValueTask<long> WaitBeyond(long offset, CancellationToken cancellation)
    {
        while (true)
        {
            Task moved;
            lock (_gate)
            {
                if (_available > offset)
                {
                    return _available;
                }

                if (_end != DownloadEnd.Open)
                {
                    return -1;
                }

                moved = _moved.Task;
            }

            await moved.WaitAsync(cancellation);
        }
    }

    /// <summary>How it ended; <see cref="DownloadEnd.Open"/> while it goes on.</summary>
    public DownloadEnd End => _end;

    /// <summary>The file, to be read as far as bytes are there.</summary>
    public SafeFileHandle File => _file!.File;

    /// <summary>After the disk failed: how far it came, and the hash of that, for who goes on without it.</summary>
    public (long From, BlobHash Hash) Rest()
    {
        lock (_gate)
        {
            return (_written, _hash.Clone());
        }
    }

    /// <summary>Downloads to the end; never throws.</summary>
    public async Task Run()
    {
        await Task.Yield();
        var end = DownloadEnd.Failed;
        try
        {
            end = await Download();
        }
        catch (Exception fault)
        {
            Fault = fault is IOException or HttpRequestException or TimeoutException or OperationCanceledException ? null : fault;
            _head.TrySetResult(UpstreamErrors.Unanswered(fetch.Destination.Upstream, fault));
        }
        finally
        {
            Finish(end);
            source.Ended(end, _written);
        }
    }

    public void Dispose() => _stop.Dispose();

    private async Task<DownloadEnd> Download()
    {
        using var watch = new IdleWatch(time, _stop.Token, MinBytesPerMinute) { IsHeldBack = () => Pace is { HoldsBack: true } };
        var (answer, error) = await source.Open(watch.Token);
        if (answer is null)
        {
            _head.TrySetResult(error);
            return DownloadEnd.Failed;
        }

        Size = answer.StatusCode == HttpStatusCode.OK ? answer.Content.Headers.ContentLength ?? -1 : -1;
        _file = Size >= 0 ? store.Begin(starter.Supplier, Size) : null;
        if (_file is null)
        {
            answer.Dispose();
            _head.TrySetResult(null);
            return DownloadEnd.NotKept;
        }

        await using var body = new ResumingBody(answer, 0, Size, Size, Reopen, source.Resumed, time) { Watch = watch };
        return Size == 0 ? await Empty() : await Write(body, watch);
    }

    private async Task<HttpResponseMessage?> Reopen(long offset, CancellationToken cancellation) =>
        (await source.Reopen(offset, Size, cancellation)).Answer;

    private async Task<DownloadEnd> Write(ResumingBody body, IdleWatch watch)
    {
        _head.TrySetResult(null);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            while (await body.Read(buffer, watch.Token) is var read and > 0)
            {
                watch.Moved(read);
                if (!_file!.MakeRoom(_written + read) || !TryDisk(() => RandomAccess.Write(_file.File, buffer.AsSpan(0, read), _written)))
                {
                    return DownloadEnd.DiskFailed;
                }

                _hash.Append(buffer.AsSpan(0, read));
                Publish(read);
                await (Pace?.Take(read, watch.Token) ?? ValueTask.CompletedTask);
            }

            return _hash.IsRight() ? await Keep() : Corrupt();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>There is no last byte to hold back, so the head waits.</summary>
    private async Task<DownloadEnd> Empty()
    {
        var end = _hash.IsRight() ? await Keep() : Corrupt();
        var odd = $"upstream '{fetch.Destination.Upstream.Name}' sent a blob that does not match its digest";
        _head.TrySetResult(end == DownloadEnd.Corrupt ? DistributionError.Unavailable(502, odd, 5) : null);
        return end;
    }

    private DownloadEnd Corrupt()
    {
        meter.Corrupt();
        return DownloadEnd.Corrupt;
    }

    /// <summary>
    /// What was not written for certain may read otherwise; what only got no name is there until the last reader has left.
    /// </summary>
    private Task<DownloadEnd> Keep() => DiskWork.Run(KeepNow);

    private DownloadEnd KeepNow()
    {
        if (!TryDisk(_file!.Flush))
        {
            return DownloadEnd.Failed;
        }

        TryDisk(() => _file.Keep(StoredBlobs.NameOf(starter.Digest)));
        return DownloadEnd.Complete;
    }

    private bool TryDisk(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            store.Failed(fault, Size);
            return false;
        }
    }

    private void Publish(int read)
    {
        lock (_gate)
        {
            _written += read;
            _available = Math.Min(_written, Size - 1);
            _moved.TrySetResult();
            _moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void Finish(DownloadEnd end)
    {
        lock (_gate)
        {
            (_end, _closed) = (end, true);
            _available = end == DownloadEnd.Complete ? Size : _available;
            _moved.TrySetResult();
            Release();
        }
    }

    /// <summary>The file may go when it is complete or given up, and nobody reads it any more.</summary>
    private void Release()
    {
        if (_readers == 0 && _end != DownloadEnd.Open)
        {
            _file?.Dispose();
            _hash.Dispose();
        }
    }
}
