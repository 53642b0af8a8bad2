using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Streams a request to its upstream and the answer back; nothing is buffered. A body that ends early never ends cleanly: the client's
/// connection is cut. Uploads go by YARP's forwarder; downloads are read straight into the client's connection, which costs less (docs/benchmarks.md).
/// </summary>
internal sealed partial class UpstreamForwarder(
    IHttpForwarder forwarder, UpstreamClient client, UpstreamTransports transports, UpstreamMeter meter, TimeProvider time, ILogger<UpstreamForwarder> logger)
{
    /// <summary>What a head says of a content that is not sent.</summary>
    private static readonly string[] ContentNames = ["ETag", "Docker-Content-Digest", "Content-Range", "Last-Modified", "Accept-Ranges"];

    private static readonly ForwarderRequestConfig Config = new()
    {
        // Idle, not total: every read and write starts it again.
        ActivityTimeout = TimeSpan.FromSeconds(60),
        Version = System.Net.HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
    };

    /// <summary>Forwards; returns the error that the client has yet to be told, or <c>null</c> when it was answered or has gone.</summary>
    public Task<DistributionError?> Forward(Exchange exchange, Forwarding forwarding) =>
        forwarding.Method is null && (exchange.IsHead || HttpMethods.IsGet(exchange.Context.Request.Method))
            ? Download(exchange, forwarding)
            : Write(exchange, forwarding);

    private async Task<DistributionError?> Write(Exchange exchange, Forwarding forwarding)
    {
        var (call, refused) = await client.Authorize(exchange.Upstream, forwarding, exchange.Aborted);
        if (call is null)
        {
            return refused;
        }

        // A change of protocol is not forwarded, and what it asks for is the client's text.
        exchange.Context.Features.Set<IHttpUpgradeFeature>(null);
        var transformer = new ForwardTransformer(forwarding, call);
        var error = await forwarder.SendAsync(
            exchange.Context, exchange.Upstream.Url.AbsoluteUri, transports.For(exchange.Upstream), Config, transformer);
        if (error == ForwarderError.None)
        {
            return transformer.Error;
        }

        var fault = exchange.Context.Features.Get<IForwarderErrorFeature>()?.Exception;
        return Fail(exchange, error, UpstreamErrors.Describe(fault), UpstreamErrors.From(exchange.Upstream, forwarding, error, fault));
    }

    private async Task<DistributionError?> Download(Exchange exchange, Forwarding forwarding)
    {
        var context = exchange.Context;
        using var watch = new IdleWatch(time, context.RequestAborted);
        using var message = Message(exchange, forwarding);
        var result = await client.Send(exchange.Upstream, forwarding, message, watch.Token);
        if (result.Answer is not { } response)
        {
            return result.Cause is { } cause ? Fail(exchange, ForwarderError.Request, cause, result.Error!) : result.Error;
        }

        using (response)
        {
            try
            {
                if (Begin(exchange, forwarding, result) is { } odd)
                {
                    return odd;
                }

                if (result.Redirect is null && forwarding.SendsBody && !exchange.IsHead)
                {
                    await Copy(exchange, forwarding, response, watch);
                }

                return null;
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
            {
                var error = Fail(
                    exchange, ForwarderError.ResponseBodyDestination, UpstreamErrors.Describe(fault), UpstreamErrors.Unanswered(exchange.Upstream, fault));
                if (context.Response.HasStarted)
                {
                    context.Abort();
                }

                return error;
            }
        }
    }

    private static HttpRequestMessage Message(Exchange exchange, Forwarding forwarding)
    {
        var message = new HttpRequestMessage(exchange.IsHead ? HttpMethod.Head : HttpMethod.Get, (Uri?)null);
        forwarding.Request(exchange.Context.Request, message);
        return message;
    }

    /// <summary>Writes the head of an answer; the error for the client when it is not one to pass on.</summary>
    private static DistributionError? Begin(Exchange exchange, Forwarding forwarding, in UpstreamResult result)
    {
        var response = exchange.Context.Response;
        response.StatusCode = (int)result.Answer!.StatusCode;
        if (result.Redirect is { } target)
        {
            response.Headers.Location = target.AbsoluteUri;
            response.Headers.CacheControl = "private, no-store";
            return null;
        }

        if (forwarding.Response(result.Answer, response) is not { } odd)
        {
            return null;
        }

        foreach (var name in ContentNames)
        {
            response.Headers.Remove(name);
        }

        return odd;
    }

    private async Task Copy(Exchange exchange, Forwarding forwarding, HttpResponseMessage response, IdleWatch watch)
    {
        var writer = exchange.Context.Response.BodyWriter;
        if (forwarding.IsResumable && Extent(response) is var (first, end, total))
        {
            await using var resuming = new ResumingBody(response, first, end, total, Reopen, meter.Resumed, time);
            await Send(resuming.Read);
            return;
        }

        await using var body = await response.Content.ReadAsStreamAsync(watch.Token);
        await Send(body.ReadAsync);

        async Task Send(Func<Memory<byte>, CancellationToken, ValueTask<int>> read)
        {
            if (forwarding.Verified is not { } digest || response.StatusCode != System.Net.HttpStatusCode.OK)
            {
                await BodyStream.Copy(read, writer, watch);
                return;
            }

            using var verified = new VerifiedBody(read, digest, response.Content.Headers.ContentLength);
            await BodyStream.Copy(verified.Read, writer, watch);
        }

        async Task<HttpResponseMessage?> Reopen(long offset, CancellationToken cancellation)
        {
            var message = Message(exchange, forwarding);
            message.Headers.Remove("Range");
            message.Headers.TryAddWithoutValidation("Range", $"bytes={offset}-");
            return (await client.Send(exchange.Upstream, forwarding, message, cancellation)).Answer;
        }
    }

    /// <summary>Which part of how much an answer is; <c>null</c> when it does not say.</summary>
    private static (long First, long End, long Total)? Extent(HttpResponseMessage response) =>
        response.StatusCode == System.Net.HttpStatusCode.PartialContent
            ? response.Content.Headers.ContentRange is { From: { } from, To: { } to, Length: { } length } ? (from, to + 1, length) : null
            : response.Content.Headers.ContentLength is { } size ? (0, size, size) : null;

    private DistributionError? Fail(Exchange exchange, ForwarderError phase, string cause, DistributionError error)
    {
        var context = exchange.Context;
        if (context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone(phase);
            return null;
        }

        LogFailed(exchange.Upstream.Name, phase, context.TraceIdentifier, cause);
        if (context.Response.HasStarted)
        {
            return null;
        }

        context.Response.Clear();
        context.Response.Headers[DistributionErrorWriter.ApiVersionHeader] = "registry/2.0";
        return error;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client went away: {Error}")]
    private partial void LogClientGone(ForwarderError error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Upstream} failed: {Error} in request {RequestId}: {Cause}")]
    private partial void LogFailed(string upstream, ForwarderError error, string requestId, string cause);
}
