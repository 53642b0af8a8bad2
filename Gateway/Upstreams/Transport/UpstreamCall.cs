using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>What the transport must know of a request.</summary>
/// <param name="Upstream">Whose it is.</param>
/// <param name="Key">The token that it needs.</param>
/// <param name="Token">What opens the upstream.</param>
/// <param name="FollowRedirects">Whether redirects are followed.</param>
/// <param name="IsMetered">Whether upstreams that limit pulls count it.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Caller">Whose request it is.</param>
internal sealed record UpstreamCall(
    Upstream Upstream, UpstreamTokenKey Key, UpstreamToken Token, bool FollowRedirects, bool IsMetered, CallKind Kind, CallerKey Caller)
{
    /// <summary>Whether a refusal may be of its method, HEAD, rather than of the credential.</summary>
    public bool IsTrial { get; init; }

    /// <summary>The error for the client when the upstream was not asked, or its answer not taken.</summary>
    public DistributionError? Refusal { get; private set; }

    /// <summary>What an operator must know of the refusal; <c>null</c> when the error says it.</summary>
    public string? Cause { get; private set; }

    /// <summary>What the log may have said already of that cause; <c>null</c> when it has not.</summary>
    public ExchangeFault? Fault { get; private set; }

    /// <summary>Whether the upstream may have got something of it.</summary>
    public bool IsSent { get; set; }

    /// <summary>Ends when nobody waits for the answer any more; what gives up for want of one does not end it.</summary>
    public CancellationToken Client { get; set; }

    /// <summary>Whether the upstream answered, if only to refuse.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>The client's body that goes with it; <c>null</c> when it has none, or one that is here as a whole.</summary>
    public MovingBody? Body { get; set; }

    /// <summary>Whether it goes with a client's body of which nothing was taken yet.</summary>
    public bool IsBodyUntouched => Body is { IsBegun: false };

    /// <summary>What was not done can be sent once more where its body is here or yet to come, or there is none.</summary>
    public bool MayRepeat(HttpRequestMessage request) =>
        request.Content is null or ByteArrayContent or { Headers.ContentLength: 0 } || IsBodyUntouched;

    /// <summary>
    /// That the upstream limits the rate of requests, for how long, and whether it has just said so; <c>null</c> for no word of that.
    /// </summary>
    public (TimeSpan For, bool IsAnswer)? Limit { get; set; }

    /// <summary>Where a redirect leads that is not followed.</summary>
    public Uri? Redirect { get; set; }

    private static readonly HttpRequestOptionsKey<UpstreamCall> Option = new("registryproxy.upstream-call");

    public static UpstreamCall Of(HttpRequestMessage request) =>
        request.Options.TryGetValue(Option, out var call) ? call
            : throw new InvalidOperationException("a request without its upstream call");

    /// <summary>Answers in place of the upstream.</summary>
    public HttpResponseMessage Refuse(
        HttpRequestMessage request, DistributionError error, string? cause = null, ExchangeFault? fault = null)
    {
        (Refusal, Cause, Fault) = (error, cause, fault);
        return new HttpResponseMessage((HttpStatusCode)error.Status) { RequestMessage = request };
    }

    public void AttachTo(HttpRequestMessage request)
    {
        request.Options.Set(Option, this);
        OriginGuard.Bind(request, Upstream.Origin);
    }
}
