using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Gateway.Cache;

/// <summary>Sends blobs from files, complete ones and those that are still coming, in the client's own time.</summary>
internal sealed class BlobSender(UpstreamFetcher fetcher, CacheMeter meter, TimeProvider time)
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Sends a range of a file.</summary>
    public static async Task Send(HttpContext context, DiskLease lease, ByteRange range)
    {
        var writer = context.Response.BodyWriter;
        for (var offset = range.First; offset < range.End;)
        {
            var memory = writer.GetMemory(ChunkBytes);
            var wanted = (int)Math.Min(memory.Length, range.End - offset);
            var read = RandomAccess.Read(lease.File, memory.Span[..wanted], offset);
            if (read == 0)
            {
                throw new IOException("a cached file became shorter");
            }

            writer.Advance(read);
            offset += read;
            if ((await writer.FlushAsync(context.RequestAborted)).IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Sends a range of a blob that is coming, as far and as fast as it comes. The last byte of any range waits until the whole blob is
    /// known to be right.
    /// </summary>
    /// <exception cref="IOException">It does not come whole, or is not what its digest says.</exception>
    public async Task Send(HttpContext context, BlobFill fill, Fetch fetch, ByteRange range)
    {
        var writer = context.Response.BodyWriter;

        // The head leaves now: clients wait for it for seconds only, while a late range may take minutes to come.
        await writer.FlushAsync(context.RequestAborted);
        for (var offset = range.First; offset < range.End;)
        {
            var available = await fill.WaitBeyond(offset == range.End - 1 ? fill.Size - 1 : offset, context.RequestAborted);
            if (available < 0)
            {
                await GoOn(context, fill, fetch, range with { First = offset, Count = range.End - offset });
                return;
            }

            var end = available == fill.Size ? range.End : Math.Min(available, range.End - 1);
            var memory = writer.GetMemory(ChunkBytes);
            var read = fill.Read(memory.Span[..(int)Math.Min(memory.Length, end - offset)], offset);
            if (read == 0)
            {
                throw new IOException("a file of the cache became shorter");
            }

            writer.Advance(read);
            offset += read;
            if ((await writer.FlushAsync(context.RequestAborted)).IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>The disk did not take the rest: it comes from the upstream, past the cache, and is hashed all the same.</summary>
    private async Task GoOn(HttpContext context, BlobFill fill, Fetch fetch, ByteRange range)
    {
        if (fill.End != FillEnd.DiskFailed)
        {
            throw new IOException($"the download into the cache ended: {fill.End}");
        }

        var (from, hash) = fill.Rest();
        using var rest = new VerifiedRest(hash, from, range);
        using var watch = new IdleWatch(time, context.RequestAborted);
        var first = (await fetcher.Send(fetch, HttpMethod.Get, from == 0 ? null : from, watch.Token)).Answer ?? throw new IOException("the upstream does not go on");
        await using var body = new ResumingBody(first, from, fill.Size, fill.Size, Reopen, meter.Resumed);
        if (!ResumingBody.GoesOn(first, from, fill.Size))
        {
            throw new IOException("the upstream does not go on where it was");
        }

        if (!await rest.Send(body, context.Response.BodyWriter, watch))
        {
            meter.Corrupt();
            throw new IOException("the bytes are not what the digest says");
        }

        async Task<HttpResponseMessage?> Reopen(long offset, CancellationToken cancellation) =>
            (await fetcher.Send(fetch, HttpMethod.Get, offset, cancellation)).Answer;
    }
}
