using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Peers;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Clustering;

namespace RegistryProxy.Gateway.PeerServing;

/// <summary>
/// What other gateways of the cluster may read here: a blob, each with a ticket for it. Whoever got this far has a certificate of the
/// cluster's authority. 1. The path; 2. the ticket; 3. the blob, if its repository is known here to hold it.
/// </summary>
internal sealed partial class PeerListener(
    CurrentMap current, LocalPeer local, PeerBlobs blobs, PeerMeter meter, TimeProvider time, ILogger<PeerListener> logger)
{
    private const string Scheme = "Bearer ";

    /// <summary>Answers a request that no listener takes.</summary>
    public static Task RefuseMalformed(HttpContext context, string reason)
    {
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return Task.CompletedTask;
    }

    public async Task Handle(HttpContext context)
    {
        // 1. The path.
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!HttpMethods.IsGet(context.Request.Method) || !PeerPath.TryParse(target, out var digest))
        {
            Refuse(context, StatusCodes.Status404NotFound);
            return;
        }

        // 2. The ticket.
        var (ticket, status) = Check(context, digest);
        if (ticket is null)
        {
            Refuse(context, status);
            return;
        }

        // 3. The blob.
        if (!await blobs.Serve(context, digest, ticket))
        {
            Refuse(context, StatusCodes.Status404NotFound);
        }
    }

    private (PeerTicket? Ticket, int Status) Check(HttpContext context, Digest digest)
    {
        var header = context.Request.Headers.Authorization;
        if (current.Value is not { } map)
        {
            return (null, StatusCodes.Status503ServiceUnavailable);
        }

        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith(Scheme, StringComparison.Ordinal)
            || PeerTicket.Read(value[Scheme.Length..], map) is not { } ticket || ticket.Expires <= time.GetUtcNow())
        {
            return (null, StatusCodes.Status401Unauthorized);
        }

        return context.Connection.ClientCertificate is { } certificate
            && ticket.Opens(digest, local, MemberCertificates.ThumbprintOf(certificate))
            ? (ticket, 0)
            : (null, StatusCodes.Status403Forbidden);
    }

    private void Refuse(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        meter.Refused(status);
        LogRefused(context.Connection.RemoteIpAddress, status);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A request from {Address} on the peer listener was answered with {Status}")]
    private partial void LogRefused(System.Net.IPAddress? address, int status);
}

/// <summary>A verified ticket: which gateway may read which blob from which.</summary>
/// <param name="Holder">The gateway that is read from.</param>
/// <param name="Certificate">What the gateway that reads must show.</param>
/// <param name="Link">The blob as a tenant gets it.</param>
/// <param name="Upstream">The upstream of the link.</param>
/// <param name="Expires">When it opens nothing any more.</param>
internal sealed record PeerTicket(string Holder, string Certificate, RepositoryLink Link, Upstream Upstream, DateTimeOffset Expires)
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 };

    /// <summary>
    /// Reads a ticket; <c>null</c> when the cluster did not sign it, it is something else, or for an upstream that is not configured any
    /// more.
    /// </summary>
    public static PeerTicket? Read(string text, FrontDoorMap map)
    {
        if (map.Verifier.Payload(text, FetchTicketClaims.Type) is not { } payload)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(payload, Strict);
            var claims = document.RootElement;
            return FetchKey.TryParse(Text(claims, FetchTicketClaims.Blob), out var blob) && map.UpstreamOf(blob.Upstream) is { } upstream
                ? new PeerTicket(
                    Text(claims, FetchTicketClaims.Audience), Text(claims, FetchTicketClaims.Certificate),
                    new RepositoryLink(new TenantRepository(new Supplier(blob.Tenant, blob.Upstream), upstream.Address, blob.Repository),
                        blob.Digest),
                    upstream,
                    UnixTime.OfSeconds(claims.GetProperty(FetchTicketClaims.Expires).GetInt64()))
                : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    /// <summary>Whether it opens a blob of this gateway for whoever shows a certificate.</summary>
    public bool Opens(Digest digest, LocalPeer local, string certificate) =>
        Holder == local.Id && Link.Digest == digest && Certificate == certificate;

    private static string Text(JsonElement claims, string name) =>
        claims.GetProperty(name).GetString() ?? throw new FormatException("a claim is null");
}

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
