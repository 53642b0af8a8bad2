using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>Sends blobs from files, complete ones and those that are still coming, in the client's own time.</summary>
internal sealed class BlobSender(UpstreamFetcher fetcher, CacheMeter meter, TimeProvider time)
{
    /// <summary>As many large pieces as a pool keeps; from then on they are many.</summary>
    private const int Few = 24;

    private int _sending;

    /// <summary>Sends a range of a file.</summary>
    /// <exception cref="IOException">The file became shorter.</exception>
    public async Task Send(HttpContext context, DiskLease lease, ByteRange range)
    {
        var writer = context.Response.BodyWriter;
        using var watch = ThrottledBody.Watch(context, time);
        if (SocketOutput.Of(context) is { } output)
        {
            await using var stalled = watch.Token.Register(context.Abort);
            if (!await output.SendFile(writer, lease.File, range.First, range.Count, watch.Sent, time))
            {
                watch.Body?.Cut();
            }

            meter.SentByKernel(range.Count);
            return;
        }

        var pace = new ClientPace(Interlocked.Increment(ref _sending) > Few, time);
        try
        {
            for (var offset = range.First; offset < range.End;)
            {
                var filled = Fill(writer, lease, offset, range.End, pace);
                offset += filled;
                if (!await Give(writer, filled, watch, pace))
                {
                    return;
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref _sending);
        }
    }

    /// <summary>
    /// Sends a range of a blob that is coming, as far and as fast as it comes. The last byte of any range waits until the whole blob is
    /// known to be right.
    /// </summary>
    /// <exception cref="IOException">It does not come whole, or is not what its digest says.</exception>
    public async Task Send(HttpContext context, BlobDownload download, Fetch fetch, ByteRange range)
    {
        var writer = context.Response.BodyWriter;

        // The head leaves now: clients wait for it for seconds only, while a late range may take minutes to come.
        await context.Response.Body.FlushAsync(context.RequestAborted);
        using var watch = ThrottledBody.Watch(context, time);
        var pace = new ClientPace(Interlocked.Increment(ref _sending) > Few, time);
        try
        {
            for (var offset = range.First; offset < range.End;)
            {
                watch.Rest();
                var available = await download.WaitBeyond(offset == range.End - 1 ? download.Size - 1 : offset, context.RequestAborted);
                watch.Moved();
                if (available < 0)
                {
                    await GoOn(context, download, fetch, range with { First = offset, Count = range.End - offset });
                    return;
                }

                var filled = Fill(writer, download.File, offset,
                    available == download.Size ? range.End : Math.Min(available, range.End - 1), pace);
                offset += filled;
                if (!await Give(writer, filled, watch, pace))
                {
                    return;
                }
            }
        }
        finally
        {
            Interlocked.Decrement(ref _sending);
        }
    }

    /// <summary>Sends several ranges of a file.</summary>
    /// <exception cref="IOException">The file became shorter.</exception>
    public Task Send(HttpContext context, DiskLease lease, MultipartRanges parts) =>
        Send(context, (writer, offset, end, pace) => Fill(writer, lease, offset, end, pace), parts);

    private async Task Send(HttpContext context, Func<PipeWriter, long, long, ClientPace, int> fill, MultipartRanges parts)
    {
        var writer = context.Response.BodyWriter;
        using var watch = ThrottledBody.Watch(context, time);
        var pace = new ClientPace(Interlocked.Increment(ref _sending) > Few, time);
        try
        {
            foreach (var range in parts.Ranges)
            {
                writer.Write(parts.HeadOf(range));
                for (var offset = range.First; offset < range.End;)
                {
                    var filled = fill(writer, offset, range.End, pace);
                    offset += filled;
                    if (!await Give(writer, filled, watch, pace))
                    {
                        return;
                    }
                }
            }

            await writer.WriteAsync(parts.Tail, watch.Token);
        }
        finally
        {
            Interlocked.Decrement(ref _sending);
        }
    }

    /// <summary>Sends several ranges of a blob that is coming, once it is known to be right.</summary>
    /// <exception cref="IOException">It does not come whole, or is not what its digest says.</exception>
    public async Task Send(HttpContext context, BlobDownload download, MultipartRanges parts)
    {
        await context.Response.Body.FlushAsync(context.RequestAborted);
        if (await download.WaitBeyond(download.Size - 1, context.RequestAborted) < 0)
        {
            throw new IOException($"the download into the cache ended: {download.End}");
        }

        await Send(context, (writer, offset, end, pace) => Fill(writer, download.File, offset, end, pace), parts);
    }

    /// <summary>Gives a piece to the connection; <c>false</c> when the client has gone.</summary>
    private static async ValueTask<bool> Give(PipeWriter writer, int filled, IdleWatch watch, ClientPace pace)
    {
        pace.Begin();
        if ((await writer.FlushAsync(watch.Token)).IsCompleted)
        {
            watch.Body?.Cut();
            return false;
        }

        watch.Sent(filled);
        pace.End();
        return true;
    }

    /// <summary>The same of a file that is kept. One that cannot be read is hashed before it is served again.</summary>
    private static int Fill(PipeWriter writer, DiskLease lease, long offset, long end, ClientPace pace)
    {
        try
        {
            return Fill(writer, lease.File, offset, end, pace);
        }
        catch (IOException)
        {
            lease.Entry.Check = null;
            throw;
        }
    }

    /// <summary>Reads one piece into the connection's memory; how long it is.</summary>
    private static int Fill(PipeWriter writer, SafeFileHandle file, long offset, long end, ClientPace pace)
    {
        var filled = 0;
        while (filled < pace.Piece && offset + filled < end)
        {
            var memory = writer.GetMemory(pace.Memory);
            var wanted = (int)Math.Min(Math.Min(memory.Length, pace.Piece - filled), end - offset - filled);
            var read = RandomAccess.Read(file, memory.Span[..wanted], offset + filled);
            if (read == 0)
            {
                throw new IOException("a cached file was truncated while it was sent");
            }

            writer.Advance(read);
            filled += read;
        }

        return filled;
    }

    private static byte ByteAt(SafeFileHandle file, long offset)
    {
        var one = new byte[1];
        return RandomAccess.Read(file, one, offset) == 1 ? one[0] : throw new IOException("a cached file became shorter");
    }

    /// <summary>The disk did not take the rest: it comes from the upstream, past the cache, and is hashed all the same.</summary>
    private async Task GoOn(HttpContext context, BlobDownload download, Fetch fetch, ByteRange range)
    {
        if (download.End != DownloadEnd.DiskFailed)
        {
            throw new IOException($"the download into the cache ended: {download.End}");
        }

        var (from, hash) = download.Rest();
        using var rest = new VerifiedRest(hash, from, range);
        if (range.End <= from)
        {
            rest.Last = ByteAt(download.File, range.End - 1);
        }

        using var watch = ThrottledBody.Watch(context, time);
        var first = (await fetcher.GetRest(fetch, from, download.Size, watch.Token)).Answer
            ?? throw new IOException("the upstream does not go on");
        await using var body = new ResumingBody(first, from, download.Size, download.Size, Reopen, fetcher.Resumed, time);
        if (!ResumingBody.GoesOn(first, from, download.Size))
        {
            throw new IOException("the upstream does not go on where it was");
        }

        if (!await rest.Send(body, context.Response.BodyWriter, watch))
        {
            meter.Corrupt();
            throw new IOException("the bytes are not what the digest says");
        }

        async Task<HttpResponseMessage?> Reopen(long offset, CancellationToken cancellation) =>
            (await fetcher.GetRest(fetch, offset, download.Size, cancellation)).Answer;
    }
}

/// <summary>
/// How much is read ahead of a client. While few are served, pieces are large, which costs least. Among many, a piece is one TLS record,
/// put together from the blocks that connections keep anyway: thousands of clients that are slow hold one each. A client that does not keep
/// up gets one block at a time.
/// </summary>
internal sealed class ClientPace(bool isOneOfMany, TimeProvider time)
{
    private const int Large = BodyStream.ChunkBytes;
    private const int Block = 4 * 1024;

    /// <summary>With a head, and encrypted, within a pooled buffer of 16 KiB.</summary>
    private const int Record = 15 * 1024;

    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(200);

    private long _began;

    /// <summary>What memory is asked for, in bytes.</summary>
    public int Memory { get; } = isOneOfMany ? Block : Large;

    /// <summary>What is given to the connection at once, in bytes.</summary>
    public int Piece { get; private set; } = isOneOfMany ? Record : Large;

    /// <summary>A piece is given to the connection.</summary>
    public void Begin() => _began = time.GetTimestamp();

    /// <summary>The connection can take more.</summary>
    public void End()
    {
        if (time.GetElapsedTime(_began) > Slow)
        {
            Piece = Memory;
        }
    }
}
