using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams.Transport;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Streams the body of a write to its upstream; nothing is buffered. YARP's forwarder does it, which tells a client that breaks off from an
/// upstream that does while both are still sending.
/// </summary>
internal sealed class UpstreamForwarder(
    IHttpForwarder forwarder, UpstreamClient client, UpstreamTransports transports, FailureLog failures, TimeProvider time)
{
    /// <summary>
    /// How long an upstream may do nothing that is seen: what was sent of a large blob it hashes, joins and moves, which takes registries
    /// minutes, before it answers.
    /// </summary>
    public static readonly TimeSpan MaxSilence = TimeSpan.FromMinutes(15);

    /// <summary>The same of one that is asked to begin an upload or to mount a blob.</summary>
    public static readonly TimeSpan MaxBeginning = TimeSpan.FromSeconds(60);

    private static readonly ForwarderRequestConfig Content = Within(MaxSilence);
    private static readonly ForwarderRequestConfig Beginning = Within(MaxBeginning);

    /// <summary>
    /// Forwards; the head of the upstream's answer, whose status the client's answer has already, or the error that the client is yet to be
    /// told. Neither when the client has gone.
    /// </summary>
    public async Task<UpstreamResult> Write(RegistryRequest request, ForwardRequest forwarding)
    {
        var (call, refused) = await client.Authorize(request.Upstream, forwarding, request.Aborted);
        if (call is null)
        {
            return new UpstreamResult(null, refused) { IsUnsent = true };
        }

        if (forwarding.BeforeSending is { } before && await before() is { } prevented)
        {
            return new UpstreamResult(null, prevented) { IsUnsent = true };
        }

        // A change of protocol is not forwarded, and what it asks for is the client's text.
        request.Context.Features.Set<IHttpUpgradeFeature>(null);
        var transformer = new ForwardTransformer(forwarding, call, time);
        var error = await forwarder.SendAsync(
            request.Context, request.Upstream.Url.AbsoluteUri, transports.For(request.Upstream),
            IsBeginning(request, forwarding) ? Beginning : Content, transformer);
        if (error == ForwarderError.None)
        {
            return transformer.Result with { IsUnsent = !call.IsSent };
        }

        var fault = request.Context.Features.Get<IForwarderErrorFeature>()?.Exception;
        return new UpstreamResult(
            null, failures.Tell(request, error, FailureCause.Of(fault),
                UpstreamErrors.From(request.Upstream, forwarding, error, fault)))
        {
            IsUnsent = !call.IsSent, IsIllegible = UpstreamErrors.IsIllegible(fault),
        };
    }

    /// <summary>Whether it sends no content; the POST of a whole blob goes on as a PUT.</summary>
    internal static bool IsBeginning(RegistryRequest request, ForwardRequest forwarding) =>
        HttpMethods.IsPost(forwarding.Method?.Method ?? request.Context.Request.Method);

    /// <summary>Idle, not total: every read and write starts it again.</summary>
    private static ForwarderRequestConfig Within(TimeSpan silence) => new()
    {
        ActivityTimeout = silence, Version = System.Net.HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
    };
}
