using System.Text.Json;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Streams what is pulled from an upstream to the client; nothing is buffered. A body that ends early never ends cleanly: the client's
/// connection is cut. It is read straight into the client's connection, which costs less than YARP's forwarder (docs/benchmarks.md).
/// </summary>
internal sealed class UpstreamDownloads(
    UpstreamClient client, HeadByGet heads, CheckedDigests digests, UpstreamMeter meter, FailureLog failures, TimeProvider time)
{
    /// <summary>What a head says of a content that is not sent.</summary>
    private static readonly string[] ContentNames = ["ETag", "Docker-Content-Digest", "Content-Range", "Last-Modified", "Accept-Ranges"];

    /// <summary>Answers; returns the error that the client has yet to be told, or <c>null</c> when it was answered or has gone.</summary>
    public async Task<DistributionError?> Send(RegistryRequest request, Download download)
    {
        var context = request.Context;
        using var watch = ThrottledBody.Watch(context, time);

        var record = request.IsHead ? heads.RecordOf(request, download) : null;
        var result = record is { IsVoid: true } ? await ByGet(request, download, watch)
            : await Ask(request, record is { IsHonest: false } ? download with { IsTrial = true } : download, record is not null, watch);
        if (result.Answer is not { } response)
        {
            return result.Cause is { } cause ? failures.Tell(request, ForwarderError.Request, cause, result.Error!) : result.Error;
        }

        using (response)
        {
            return (await Guarded(
                request, async () => new UpstreamResult(null, await PassWhole(request, download, result, watch)),
                (download, response))).Error;
        }
    }

    /// <summary>Asks as the client does, with a GET where that alone can tell. The specification has no HEAD of referrers.</summary>
    private async Task<UpstreamResult> Ask(RegistryRequest request, Download download, bool isHead, IdleWatch watch)
    {
        using var message = Message(request, download, isHead ? HttpMethod.Head : HttpMethod.Get);
        var result = await client.Send(request.Upstream, download, message, watch.Token);
        result = await WithoutRange(request, download, message, result, watch.Token);
        if (!await heads.IsNeeded(request, download, result, watch.Token))
        {
            // No GET follows a refusal that is believed: the token may be what is refused.
            return download.IsTrial && result.Refused is { Status: 401 or 403 }
                ? await Ask(request, download with { IsTrial = false }, isHead, watch) : result;
        }

        result.Answer?.Dispose();
        return await ByGet(request, download with { IsTrial = false }, watch);
    }

    private Task<UpstreamResult> ByGet(RegistryRequest request, Download download, IdleWatch watch) =>
        Guarded(request, () => heads.Answer(request, download, FirstByte(request, download), watch));

    private async Task<DistributionError?> PassWhole(RegistryRequest request, Download download, UpstreamResult result, IdleWatch watch)
    {
        var error = await Pass(request, download, result, watch);
        if (error is not null || (!request.IsHead && result.Redirect is null
            && result.Answer!.StatusCode != System.Net.HttpStatusCode.NotModified))
        {
            failures.Tell(request.Upstream, download.Scope, result.Answer!, error);
        }

        return error;
    }

    /// <summary>
    /// Asks for the whole where the range was refused and may be there all the same: how long the blob is tells what lies outside. The
    /// same where another part came than the one that was asked for, or one of an unknown whole, which nobody can go on with.
    /// </summary>
    private async Task<UpstreamResult> WithoutRange(
        RegistryRequest request, Download download, HttpRequestMessage message, UpstreamResult result, CancellationToken cancellation)
    {
        if (result.Answer is { } other && result.Redirect is null && download.Content == ContentKind.Blob
            && PulledHead.IsOtherPart(other, request.Context.Request) && message.Headers.Remove("Range"))
        {
            other.Dispose();
            return await client.Send(request.Upstream, download, message, cancellation);
        }

        if (result.Refused is not { MayBeOfRange: true } refused || !message.Headers.Remove("Range"))
        {
            return result;
        }

        return refused.Length is { } size && ContentHead.Outside(request.Context.Request, request.Path.Digest!, size) is { } outside
            ? new UpstreamResult(null, outside)
            : await client.Send(request.Upstream, download, message, cancellation);
    }

    private async Task<DistributionError?> Pass(RegistryRequest request, Download download, UpstreamResult result, IdleWatch watch)
    {
        var response = result.Answer!;
        if (download.Content == ContentKind.Manifest && result.Redirect is null && !request.IsHead
            && response.StatusCode == System.Net.HttpStatusCode.OK)
        {
            return await PulledManifest.Send(request, response, digests, watch);
        }

        if (download.Content == ContentKind.Referrers && result.Redirect is null && response.StatusCode == System.Net.HttpStatusCode.OK)
        {
            return await PulledReferrers.Send(request, response, download.NotFound, watch);
        }

        if (Begin(request, download.Content, result) is { } odd)
        {
            return odd;
        }

        if (response.StatusCode == System.Net.HttpStatusCode.NotModified)
        {
            // Its length is that of what was not sent (RFC 9110 §8.6).
            request.Context.Response.ContentLength = null;
        }
        else if (result.Redirect is null && !request.IsHead)
        {
            await Copy(request, download, response, watch);
        }

        return null;
    }

    /// <summary>Takes what a body and a connection throw for the error that it is; an answer that was begun is cut.</summary>
    private async Task<UpstreamResult> Guarded(
        RegistryRequest request, Func<Task<UpstreamResult>> run, (Download Of, HttpResponseMessage Answer)? passed = null)
    {
        try
        {
            return await run();
        }
        catch (Exception fault) when (
            fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException or JsonException)
        {
            if (passed is var (download, answer) && !request.Context.RequestAborted.IsCancellationRequested)
            {
                failures.Tell(request.Upstream, download.Scope, answer, fault);
            }

            var error = failures.Tell(
                request, ForwarderError.ResponseBodyDestination, FailureCause.Of(fault),
                UpstreamErrors.Unanswered(request.Upstream, fault));
            if (request.Context.Response.HasStarted)
            {
                request.Context.Abort();
            }

            return new UpstreamResult(null, error);
        }
    }

    /// <summary>A GET in place of a HEAD.</summary>
    private static HttpRequestMessage FirstByte(RegistryRequest request, Download download)
    {
        var message = Message(request, download, HttpMethod.Get);
        RequestHeaders.RemoveConditions(message);
        if (download.Content == ContentKind.Blob)
        {
            message.Headers.Remove("Range");
            message.Headers.TryAddWithoutValidation("Range", "bytes=0-0");
        }

        return message;
    }

    private static HttpRequestMessage Message(RegistryRequest request, Download download, HttpMethod method)
    {
        var message = new HttpRequestMessage(method, (Uri?)null);
        if (download.Content == ContentKind.Blob)
        {
            RequestHeaders.CopyDownload(request.Context.Request, message, ContentHead.TagOf(request.Path.Digest!));
        }
        else
        {
            RequestHeaders.CopyQuestion(request.Context.Request, message);
        }

        return message;
    }

    /// <summary>Writes the head of an answer; the error for the client when it is not one to pass on.</summary>
    private static DistributionError? Begin(RegistryRequest request, ContentKind content, in UpstreamResult result)
    {
        var response = request.Context.Response;
        response.StatusCode = (int)result.Answer!.StatusCode;
        if (result.Redirect is { } target)
        {
            response.Headers.Location = target.AbsoluteUri;
            response.Headers.CacheControl = "private, no-store";
            return null;
        }

        if (PulledHead.Write(content, result.Answer, request) is not { } odd)
        {
            return null;
        }

        foreach (var name in ContentNames)
        {
            response.Headers.Remove(name);
        }

        return odd;
    }

    private async Task Copy(RegistryRequest request, Download download, HttpResponseMessage response, IdleWatch watch)
    {
        var (writer, last) = (request.Context.Response.BodyWriter, 0L);
        if (download.IsResumable && Extent(response) is var (first, end, total))
        {
            last = end - 1;
            await using var resuming = new ResumingBody(response, first, end, total, Reopen, meter.Resumed, time) { Watch = watch };
            await Send(resuming.Read);
            return;
        }

        await using var body = await response.Content.ReadAsStreamAsync(watch.Token);
        await Send(body.ReadAsync);

        async Task Send(Func<Memory<byte>, CancellationToken, ValueTask<int>> read)
        {
            // Whether a label of an encoding is true, its digest says.
            if ((ResponseHeaders.IsEncoded(response) ? request.Path.Digest : download.Verified) is not { } digest
                || response.StatusCode != System.Net.HttpStatusCode.OK)
            {
                await BodyStream.Copy(read, writer, watch);
                return;
            }

            using var verified = new VerifiedBody(read, digest, response.Content.Headers.ContentLength);
            await BodyStream.Copy(verified.Read, writer, watch);
        }

        async Task<HttpResponseMessage?> Reopen(long offset, CancellationToken cancellation)
        {
            var message = Message(request, download, HttpMethod.Get);
            message.Headers.Remove("Range");
            message.Headers.TryAddWithoutValidation("Range", $"bytes={offset}-{last}");
            return (await client.Send(request.Upstream, download, message, cancellation)).Answer;
        }
    }

    /// <summary>Which part of how much an answer is; <c>null</c> when it does not say.</summary>
    private static (long First, long End, long Total)? Extent(HttpResponseMessage response) =>
        response.StatusCode == System.Net.HttpStatusCode.PartialContent
            ? response.Content.Headers.ContentRange is { From: { } from, To: { } to, Length: { } length } ? (from, to + 1, length) : null
            : response.Content.Headers.ContentLength is { } size ? (0, size, size) : null;
}
