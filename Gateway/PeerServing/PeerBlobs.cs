using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Peers;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.PeerServing;

/// <summary>Gives blobs to other gateways: from the disk, or as they come from the upstream.</summary>
internal sealed class PeerBlobs(
    StoredBlobs stored, BlobDownloads downloads, RepositoryLinkIndex linkIndex, BlobSender sender, PeerMeter meter, TimeProvider time)
{
    /// <summary>Answers; <c>false</c> when it is not here, or not for this tenant, upstream and repository.</summary>
    public async Task<bool> Serve(HttpContext context, Digest digest, PeerTicket ticket)
    {
        var link = ticket.Link;
        if (linkIndex.Knows(link) && await stored.Open(link.Supplier.Tenant, ticket.Upstream, digest) is { } lease)
        {
            using (lease)
            {
                context.Response.Headers[MinimumRateContent.CompleteHeader] = "true";
                await Send(context, digest, lease.Size, range => sender.Send(context, lease, range));
                return true;
            }
        }

        if (downloads.Join(link) is not { } download)
        {
            return false;
        }

        try
        {
            if (await download.Head(context.RequestAborted) is not null || !download.IsKept)
            {
                return false;
            }

            // What was written since it was asked for ends what the answer said.
            if (download.Starter == link)
            {
                linkIndex.Learn(link, download.Asked);
            }

            if (!linkIndex.Knows(link))
            {
                return false;
            }

            await Send(context, digest, download.Size, range => Follow(context, download, range));
            return true;
        }
        finally
        {
            download.Leave();
        }
    }

    private async Task Send(HttpContext context, Digest digest, long size, Func<ByteRange, Task> send)
    {
        var (range, error) = ContentHead.WriteBlob(context, digest, size);
        if (range is not { } wanted)
        {
            context.Response.StatusCode = error?.Status ?? context.Response.StatusCode;
            return;
        }

        try
        {
            await send(wanted);
            meter.Sent(wanted.Count);
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // What cannot be finished never ends cleanly; the other gateway goes on elsewhere.
            context.Abort();
        }
    }

    /// <exception cref="IOException">The download ended before its time.</exception>
    private async Task Follow(HttpContext context, BlobDownload download, ByteRange range)
    {
        var writer = context.Response.BodyWriter;
        await context.Response.Body.FlushAsync(context.RequestAborted);
        using var watch = new IdleWatch(time, context.RequestAborted);
        for (var offset = range.First; offset < range.End;)
        {
            watch.Rest();
            var available = await download.WaitBeyond(offset, context.RequestAborted);
            watch.Moved();
            if (available < 0)
            {
                throw new IOException($"the download into the cache ended: {download.End}");
            }

            var wanted = (int)Math.Min(BodyStream.ChunkBytes, Math.Min(available, range.End) - offset);
            var read = RandomAccess.Read(download.File, writer.GetMemory(wanted).Span[..wanted], offset);
            if (read == 0)
            {
                throw new IOException("a cached file was truncated while it was sent");
            }

            writer.Advance(read);
            offset += read;
            if ((await writer.FlushAsync(watch.Token)).IsCompleted)
            {
                return;
            }
        }
    }
}
