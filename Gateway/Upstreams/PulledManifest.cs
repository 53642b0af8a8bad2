using System.Buffers;
using System.Text.Json;
using RegistryProxy.Files;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// A manifest on its way to the client, under the digest that it has. A small one, and one of which nobody says the digest, is read before
/// its head is written; another one is checked as it goes against the digest that it was asked for by, or that the upstream claims.
/// </summary>
internal static class PulledManifest
{
    /// <summary>What is held of one, in bytes: as much as a connection holds anyway for a client that reads slowly.</summary>
    private const int MaxHeld = 64 * 1024;

    private const string Wrong = "sent a manifest that does not match its digest";
    private const string None = "sent something that is no manifest";

    private static ReadOnlySpan<byte> Space => " \t\r\n"u8;

    /// <summary>Sends it; the error for the client when it is not one to pass on.</summary>
    /// <param name="request">Whose.</param>
    /// <param name="upstream">The answer.</param>
    /// <param name="digests">Those that the upstream is believed.</param>
    /// <param name="watch">Ends it.</param>
    public static async Task<DistributionError?> Send(
        RegistryRequest request, HttpResponseMessage upstream, CheckedDigests digests, IdleWatch watch)
    {
        var error = await SendUnder(request, upstream, digests, watch);
        if (error is null && Digest.TryParse(request.Context.Response.Headers["Docker-Content-Digest"].ToString(), out var sent))
        {
            digests.Learn(request.Upstream.Identity, sent);
        }

        return error;
    }

    private static async Task<DistributionError?> SendUnder(
        RegistryRequest request, HttpResponseMessage upstream, CheckedDigests digests, IdleWatch watch)
    {
        var (requested, claimed) = (request.Path.Reference!.Digest, PulledHead.ClaimOf(upstream));
        if (upstream.Content.Headers.ContentLength is { } length and <= MaxHeld)
        {
            return await SendHeld(request, upstream, requested, (int)length, watch);
        }

        if (upstream.Content is DecodedContent || MediaType.IsSchema1(TypeOf(upstream))
            || (ManifestLabel.IsVague(TypeOf(upstream)) && upstream.Content.Headers.ContentLength is null or <= Manifest.MaxBytes))
        {
            return await SendSigned(request, upstream, requested, watch);
        }

        if ((requested ?? claimed) is not { } named || (requested is null && !digests.Has(request.Upstream.Identity, named)))
        {
            return await SendUnnamed(request, upstream, watch);
        }

        PulledHead.WriteManifest(upstream, request, named);
        await using var body = await upstream.Content.ReadAsStreamAsync(watch.Token);
        using var verified = new VerifiedBody(body.ReadAsync, named, upstream.Content.Headers.ContentLength);
        await BodyStream.Copy(verified.Read, request.Context.Response.BodyWriter, watch);
        return null;
    }

    /// <summary>The digest of a manifest that is not sent, and its bytes.</summary>
    /// <exception cref="BodyTooLargeException">It is larger than one may be.</exception>
    public static async Task<(Digest Digest, byte[] Bytes)> Measure(RegistryRequest request, HttpResponseMessage upstream, IdleWatch watch)
    {
        var bytes = await BoundedBody.Read(upstream, (int)Manifest.MaxBytes, watch.Token);
        if (request.Path.Reference!.Digest is null && IsNone(upstream, bytes))
        {
            throw new JsonException(None);
        }

        return (request.Path.Reference!.Digest ?? ContentDigest.OfManifest(PulledHead.ClaimOf(upstream), TypeOf(upstream), bytes),
            bytes);
    }

    private static string TypeOf(HttpResponseMessage upstream) =>
        upstream.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) ? type.ToString() : "";

    private static async Task<DistributionError?> SendHeld(
        RegistryRequest request, HttpResponseMessage upstream, Digest? requested, int length, IdleWatch watch)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1));
        try
        {
            await using var body = await upstream.Content.ReadAsStreamAsync(watch.Token);
            await body.ReadExactlyAsync(buffer.AsMemory(0, length), watch.Token);
            return await SendChecked(request, upstream, requested, buffer.AsMemory(0, length), watch);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// What a manifest of schema 1 has been signed as, the type of one that the upstream does not say, and whether one that is decoded is
    /// right, is known when it is here as a whole; it counts as held until the client has it.
    /// </summary>
    private static async Task<DistributionError?> SendSigned(
        RegistryRequest request, HttpResponseMessage upstream, Digest? requested, IdleWatch watch)
    {
        using var held = BoundedBody.Hold(upstream);
        return await SendChecked(
            request, upstream, requested, await BoundedBody.Read(upstream, held, (int)Manifest.MaxBytes, watch.Token, watch.Moved), watch);
    }

    /// <summary>
    /// What a tag leads to when the upstream does not say its digest: it is computed of what a manifest may be at most. What is longer is
    /// passed on under none.
    /// </summary>
    private static async Task<DistributionError?> SendUnnamed(RegistryRequest request, HttpResponseMessage upstream, IdleWatch watch)
    {
        using var held = BoundedBody.Hold(upstream);
        await using var body = await upstream.Content.ReadAsStreamAsync(watch.Token);
        var length = upstream.Content.Headers.ContentLength;
        var begin = length > Manifest.MaxBytes ? []
            : await BoundedBody.ReadBeginning(body, length, held, (int)Manifest.MaxBytes, watch.Token, watch.Moved);
        if (length <= Manifest.MaxBytes || (length is null && begin.Length <= Manifest.MaxBytes))
        {
            return await SendChecked(request, upstream, null, begin, watch);
        }

        if (ResponseHeaders.IsEncoded(upstream))
        {
            return PulledHead.Odd(request, "sent an encoded manifest, which may be another one than was asked for");
        }

        PulledHead.WriteManifest(upstream, request, null);
        await Write(request, begin, watch);
        await BodyStream.Copy(body.ReadAsync, request.Context.Response.BodyWriter, watch);
        return null;
    }

    private static async Task<DistributionError?> SendChecked(
        RegistryRequest request, HttpResponseMessage upstream, Digest? requested, ReadOnlyMemory<byte> bytes, IdleWatch watch)
    {
        var type = TypeOf(upstream);
        if (requested is null && IsNone(upstream, bytes.Span))
        {
            return PulledHead.Odd(request, None);
        }

        if (requested is not null ? !ContentDigest.IsManifest(requested, type, bytes.Span) : IsStillEncoded(upstream, bytes.Span))
        {
            return PulledHead.Odd(request, Wrong);
        }

        PulledHead.WriteManifest(upstream, request, requested ?? ContentDigest.OfManifest(PulledHead.ClaimOf(upstream), type, bytes.Span),
            bytes.Span);
        await Write(request, bytes, watch);
        return null;
    }

    private static async Task Write(RegistryRequest request, ReadOnlyMemory<byte> bytes, IdleWatch watch)
    {
        for (var sent = 0; sent < bytes.Length; sent += MaxHeld)
        {
            var piece = bytes[sent..Math.Min(sent + MaxHeld, bytes.Length)];
            await request.Context.Response.BodyWriter.WriteAsync(piece, watch.Token);
            watch.Sent(piece.Length);
        }
    }

    /// <summary>Whether a body is encoded as it says that it is: manifests are JSON.</summary>
    private static bool IsStillEncoded(HttpResponseMessage upstream, ReadOnlySpan<byte> bytes) =>
        ResponseHeaders.IsEncoded(upstream) && !IsObject(bytes);

    /// <summary>
    /// Whether what came whole under a tag is no manifest, whatever its label says: every manifest is a JSON object. What stands in front
    /// of a registry answers with a page of its own, with nothing, or with a part.
    /// </summary>
    public static bool IsNone(HttpResponseMessage upstream, ReadOnlySpan<byte> bytes) =>
        !ResponseHeaders.IsEncoded(upstream) && !(IsObject(bytes) && bytes.TrimEnd(Space) is [.., (byte)'}']);

    private static bool IsObject(ReadOnlySpan<byte> bytes) =>
        bytes[(EncodedBody.MarkOf(bytes) ?? 0)..].TrimStart(Space) is [(byte)'{', ..];
}
