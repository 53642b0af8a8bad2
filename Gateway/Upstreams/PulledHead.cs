using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using RegistryProxy.Files;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>The head of what is pulled, as the client gets it.</summary>
internal static class PulledHead
{
    private const string DigestHeader = "Docker-Content-Digest";

    /// <summary>Writes it; the error for the client when the upstream's answer is not one to pass on.</summary>
    public static DistributionError? Write(ContentKind content, HttpResponseMessage upstream, RegistryRequest request)
    {
        if (content == ContentKind.Referrers)
        {
            return WriteReferrers(upstream, request);
        }

        var requested = content == ContentKind.Blob ? request.Path.Digest : request.Path.Reference!.Digest;
        var claimed = ClaimOf(upstream);
        if (requested is not null && claimed is not null && claimed.Algorithm == requested.Algorithm && claimed != requested)
        {
            return Odd(request, "answered with another digest than the one that was asked for");
        }

        return content == ContentKind.Blob ? CopyBlob(upstream, request, requested!)
            : WriteManifest(upstream, request, requested ?? claimed);
    }

    /// <summary>The digest that an upstream says its answer has.</summary>
    public static Digest? ClaimOf(HttpResponseMessage upstream) =>
        upstream.Headers.NonValidated.TryGetValues(DigestHeader, out var values) && Digest.TryParse(values.ToString(), out var claimed)
            ? claimed : null;

    /// <summary>Writes the head of a manifest under a digest; under none where that is not known.</summary>
    /// <param name="upstream">The upstream's answer.</param>
    /// <param name="request">Whose request it is.</param>
    /// <param name="digest">The digest.</param>
    /// <param name="bytes">The manifest where it is here, which says its type where the upstream does not.</param>
    public static DistributionError? WriteManifest(
        HttpResponseMessage upstream, RegistryRequest request, Digest? digest, ReadOnlySpan<byte> bytes = default)
    {
        CopyContent(upstream, request, digest, "private, no-store");
        var response = request.Context.Response;
        response.ContentType = ManifestLabel.Of(response.ContentType ?? "", bytes) is { Length: > 0 } type ? type : null;
        return null;
    }

    public static DistributionError Odd(RegistryRequest request, string what) =>
        DistributionError.Unavailable(StatusCodes.Status502BadGateway, $"upstream '{request.Upstream.Name}' {what}", 5)
            with { Oddity = $"it {what}" };

    /// <summary>What it says of an encoding is not passed on: the digest is of the bytes as they come.</summary>
    private static void CopyContent(HttpResponseMessage upstream, RegistryRequest request, Digest? digest, string cacheControl)
    {
        var response = request.Context.Response;
        ResponseHeaders.Copy(upstream, response);
        response.Headers.CacheControl = cacheControl;
        if (digest is not null)
        {
            response.Headers[DigestHeader] = digest.Value;
            response.Headers.ETag = $"\"{digest.Value}\"";
        }
    }

    private static DistributionError? CopyBlob(HttpResponseMessage upstream, RegistryRequest request, Digest digest)
    {
        var response = request.Context.Response;
        if (SizeOf(upstream) is { } size && ContentHead.Outside(response.HttpContext.Request, digest, size) is { } outside)
        {
            return outside;
        }

        if (IsOtherPart(upstream, response.HttpContext.Request))
        {
            return Odd(request, "answered with another part of the blob than the one that was asked for");
        }

        CopyContent(upstream, request, digest, "private, max-age=31536000, immutable");
        response.ContentType = "application/octet-stream";
        response.Headers.AcceptRanges = "bytes";
        return null;
    }

    private static long? SizeOf(HttpResponseMessage upstream) => upstream.StatusCode switch
    {
        HttpStatusCode.OK => upstream.Content.Headers.ContentLength,
        HttpStatusCode.PartialContent => upstream.Content.Headers.ContentRange?.Length,
        _ => null,
    };

    /// <summary>Whether an upstream answers with a part that was not asked for, or does not say how much the whole is.</summary>
    public static bool IsOtherPart(HttpResponseMessage upstream, HttpRequest request) =>
        upstream.StatusCode == HttpStatusCode.PartialContent && !IsWanted(upstream.Content.Headers.ContentRange, request);

    /// <summary>
    /// Whether an upstream's part is the one that was asked for, or its beginning (RFC 9110 §15.3.7): clients append it unseen.
    /// </summary>
    private static bool IsWanted(ContentRangeHeaderValue? part, HttpRequest request) => HttpMethods.IsHead(request.Method)
        || (part is { From: { } from, To: { } to, Length: { } length }
            && ByteRange.Of(request, request.Headers.IfRange.ToString(), length) is { IsPartial: true } wanted && from == wanted.First
            && to < wanted.End);

    /// <summary>The same of a list of referrers, or of one that has not changed.</summary>
    public static DistributionError? WriteReferrers(HttpResponseMessage upstream, RegistryRequest request)
    {
        var response = request.Context.Response;
        ResponseHeaders.Copy(upstream, response);
        if (!LinkHeader.TryNextQuery(upstream, out var query))
        {
            return DistributionError.Unavailable(
                502, $"upstream '{request.Upstream.Name}' continues its referrers at something that is not an address", 5);
        }

        if (query is not null)
        {
            response.Headers.Link = LinkHeader.Next($"/v2/{request.Repository}/referrers/{request.Path.Digest}", query);
        }

        return null;
    }
}

/// <summary>
/// A list of referrers on its way to the client. Who has no such API may answer with a page, or with an error under 200: a short answer is
/// read before its head is written, a longer one is known by its beginning.
/// </summary>
internal static class PulledReferrers
{
    /// <summary>The most that is held of one, in bytes.</summary>
    private const int MaxHeld = 64 * 1024;

    /// <summary>Sends it; the error for the client, <paramref name="none"/> when it is no list.</summary>
    public static async Task<DistributionError?> Send(
        RegistryRequest request, HttpResponseMessage upstream, DistributionError none, IdleWatch watch)
    {
        using var held = BoundedBody.Hold(upstream);
        await using var body = await upstream.Content.ReadAsStreamAsync(watch.Token);
        var begin = await Begin(upstream, body, held, watch.Token, watch.Moved);
        if (!IsList(upstream, begin))
        {
            return none;
        }

        if (PulledHead.WriteReferrers(upstream, request) is { } odd)
        {
            return odd;
        }

        request.Context.Response.StatusCode = StatusCodes.Status200OK;
        if (!request.IsHead)
        {
            await request.Context.Response.BodyWriter.WriteAsync(begin, watch.Token);
            watch.Sent(begin.Length);
            await BodyStream.Copy(body.ReadAsync, request.Context.Response.BodyWriter, watch);
        }

        return null;
    }

    /// <summary>Whether an answer is such a list; its body is read as far as that takes.</summary>
    public static async Task<bool> IsList(HttpResponseMessage upstream, CancellationToken cancellation)
    {
        using var held = BoundedBody.Hold(upstream);
        await using var body = await upstream.Content.ReadAsStreamAsync(cancellation);
        return IsList(upstream, await Begin(upstream, body, held, cancellation));
    }

    private static Task<byte[]> Begin(HttpResponseMessage upstream, Stream body, BodyAllowance.Holder held,
        CancellationToken cancellation, Action<int>? moved = null) =>
        BoundedBody.ReadBeginning(body, upstream.Content.Headers.ContentLength, held, MaxHeld, cancellation, moved);

    private static bool IsList(HttpResponseMessage upstream, byte[] begin)
    {
        if (upstream.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type)
            && MediaType.EssenceOf(type.ToString()) == "text/html")
        {
            return false;
        }

        try
        {
            var json = EncodedBody.WithoutMark(begin);
            if (begin.Length > MaxHeld)
            {
                return json.Span.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
            }

            using var document = JsonDocument.Parse(json);
            return UpstreamJson.MemberOf(document.RootElement, "manifests") is { ValueKind: JsonValueKind.Array or JsonValueKind.Null };
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
