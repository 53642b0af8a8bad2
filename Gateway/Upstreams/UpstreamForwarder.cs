using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Streams a request to its upstream and the answer back; nothing is buffered. A body that ends early never ends cleanly: the client's
/// connection is cut. Uploads go by YARP's forwarder; downloads are read straight into the client's connection, which costs less (docs/benchmarks.md).
/// </summary>
internal sealed partial class UpstreamForwarder(
    IHttpForwarder forwarder, GrantCache grants, UpstreamTransports transports, UpstreamMeter meter, TimeProvider time, ILogger<UpstreamForwarder> logger)
{
    private static readonly ForwarderRequestConfig Config = new()
    {
        // Idle, not total: every read and write starts it again.
        ActivityTimeout = TimeSpan.FromSeconds(60),
        Version = System.Net.HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
    };

    /// <summary>Forwards; returns the error that the client has yet to be told, or <c>null</c> when it was answered or has gone.</summary>
    public async Task<DistributionError?> Forward(Exchange exchange, Forwarding forwarding)
    {
        var key = new UpstreamTokenKey(exchange.Upstream.Name, forwarding.Scope);
        var result = await grants.Get(key, exchange.Aborted);
        if (result.Grant is not { } grant)
        {
            return UpstreamErrors.From(exchange.Upstream, result.Failure!);
        }

        var call = new UpstreamCall(exchange.Upstream, key, grant, forwarding.FollowRedirects, forwarding.IsMetered, forwarding.Kind);
        var transformer = new ForwardTransformer(exchange, forwarding, call);
        if (IsDownload(exchange, forwarding))
        {
            return await Download(exchange, forwarding, transformer);
        }

        // A change of protocol is not forwarded, and what it asks for is the client's text.
        exchange.Context.Features.Set<IHttpUpgradeFeature>(null);
        var error = await forwarder.SendAsync(
            exchange.Context, exchange.Upstream.Url.AbsoluteUri, transports.For(exchange.Upstream), Config, transformer);
        return error == ForwarderError.None
            ? transformer.Error
            : Fail(exchange, forwarding, error, exchange.Context.Features.Get<IForwarderErrorFeature>()?.Exception);
    }

    private static bool IsDownload(Exchange exchange, Forwarding forwarding) =>
        forwarding.Method is null && (exchange.IsHead || HttpMethods.IsGet(exchange.Context.Request.Method));

    private async Task<DistributionError?> Download(Exchange exchange, Forwarding forwarding, ForwardTransformer transformer)
    {
        var context = exchange.Context;
        using var watch = new IdleWatch(time, context.RequestAborted);
        var phase = ForwarderError.Request;
        try
        {
            using var request = new HttpRequestMessage(exchange.IsHead ? HttpMethod.Head : HttpMethod.Get, exchange.Upstream.Url);
            await transformer.TransformRequestAsync(context, request, "", watch.Token);
            using var response = await transports.For(exchange.Upstream).SendAsync(request, watch.Token);
            context.Response.StatusCode = (int)response.StatusCode;
            if (await transformer.TransformResponseAsync(context, response, watch.Token) && !exchange.IsHead)
            {
                phase = ForwarderError.ResponseBodyDestination;
                await Copy(exchange, forwarding, transformer, response, watch);
            }

            return transformer.Error;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            var error = Fail(exchange, forwarding, phase, fault);
            if (context.Response.HasStarted)
            {
                context.Abort();
            }

            return error;
        }
    }

    private async Task Copy(
        Exchange exchange, Forwarding forwarding, ForwardTransformer transformer, HttpResponseMessage response, IdleWatch watch)
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
            var request = new HttpRequestMessage(HttpMethod.Get, exchange.Upstream.Url);
            await transformer.TransformRequestAsync(exchange.Context, request, "", cancellation);
            request.Headers.Remove("Range");
            request.Headers.TryAddWithoutValidation("Range", $"bytes={offset}-");
            return await transports.For(exchange.Upstream).SendAsync(request, cancellation);
        }
    }

    /// <summary>Which part of how much an answer is; <c>null</c> when it does not say.</summary>
    private static (long First, long End, long Total)? Extent(HttpResponseMessage response) =>
        response.StatusCode == System.Net.HttpStatusCode.PartialContent
            ? response.Content.Headers.ContentRange is { From: { } from, To: { } to, Length: { } length } ? (from, to + 1, length) : null
            : response.Content.Headers.ContentLength is { } size ? (0, size, size) : null;

    private DistributionError? Fail(Exchange exchange, Forwarding forwarding, ForwarderError error, Exception? fault)
    {
        var context = exchange.Context;
        if (context.RequestAborted.IsCancellationRequested)
        {
            LogClientGone(error);
            return null;
        }

        LogFailed(exchange.Upstream.Name, error, context.TraceIdentifier, UpstreamErrors.Describe(fault));
        if (context.Response.HasStarted)
        {
            return null;
        }

        context.Response.Clear();
        context.Response.Headers[DistributionErrorWriter.ApiVersionHeader] = "registry/2.0";
        return UpstreamErrors.From(exchange.Upstream, forwarding, error, fault);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The client went away: {Error}")]
    private partial void LogClientGone(ForwarderError error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Upstream {Upstream} failed: {Error} in request {RequestId}: {Cause}")]
    private partial void LogFailed(string upstream, ForwarderError error, string requestId, string cause);
}
