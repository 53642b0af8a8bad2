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

    /// <summary>Sends a range of a blob that is coming, as far and as fast as it comes.</summary>
    /// <exception cref="IOException">It does not come whole, or is not what its digest says.</exception>
    public async Task Send(HttpContext context, BlobFill fill, Fetch fetch, ByteRange range)
    {
        var writer = context.Response.BodyWriter;

        // The head leaves now: clients wait for it for seconds only, while a late range may take minutes to come.
        await writer.FlushAsync(context.RequestAborted);
        for (var offset = range.First; offset < range.End;)
        {
            var available = await fill.WaitBeyond(offset, context.RequestAborted);
            if (available < 0)
            {
                await GoOn(context, fill, fetch, range with { First = offset, Count = range.End - offset });
                return;
            }

            var memory = writer.GetMemory(ChunkBytes);
            var read = fill.Read(memory.Span[..(int)Math.Min(memory.Length, Math.Min(available, range.End) - offset)], offset);
            writer.Advance(read);
            offset += read;
            if ((await writer.FlushAsync(context.RequestAborted)).IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>The disk did not take the rest: it comes from the upstream, past the cache.</summary>
    private async Task GoOn(HttpContext context, BlobFill fill, Fetch fetch, ByteRange range)
    {
        if (fill.End != FillEnd.DiskFailed)
        {
            throw new IOException($"the download into the cache ended: {fill.End}");
        }

        using var watch = new IdleWatch(time, context.RequestAborted);
        var first = await Reopen(range.First, watch.Token) ?? throw new IOException("the upstream does not go on");
        await using var body = new ResumingBody(first, range.First, range.End, fill.Size, Reopen, meter.Resumed);
        if (first.Content.Headers.ContentRange?.From != range.First || first.Content.Headers.ContentRange.Length != fill.Size)
        {
            throw new IOException("the upstream does not go on where it was");
        }

        await BodyStream.Copy(body.Read, context.Response.BodyWriter, watch);

        async Task<HttpResponseMessage?> Reopen(long offset, CancellationToken cancellation) =>
            (await fetcher.Send(fetch, HttpMethod.Get, offset, cancellation)).Answer;
    }
}
