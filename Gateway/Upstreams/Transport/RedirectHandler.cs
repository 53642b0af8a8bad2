using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Follows the redirects of GET and HEAD by hand: at most five, never from https to http, only where the upstream may lead, each hop
/// without the credentials of another origin and dialled under the same vetting of addresses.
/// </summary>
internal sealed class RedirectHandler(FailingUpstreams failing, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int MaxHops = 5;

    private const int RetryAfterSeconds = 5;

    private static readonly Wrong NotAllowed = new("to a target that is not allowed by redirectHosts or by the address rules",
        "the target of a redirect is not allowed by redirectHosts or by the address rules");

    private static readonly Wrong Downgrade = new("from https to http", "a redirect leads to it from https to http");

    private static readonly Wrong Loop = new(
        $"more than {MaxHops} times", $"one request is redirected more than {MaxHops} times");

    private static readonly Wrong NoAddress = new(
        "to something that is not an address", "it redirects to something that is not an address");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        var response = await base.SendAsync(request, cancellationToken);
        for (var hop = 0; IsRead(request) && IsRedirect(response); hop++)
        {
            if (TargetOf(request, response) is not { } target)
            {
                return Refuse(call, request, response, NoAddress, null);
            }

            if (!call.FollowRedirects && !call.Upstream.IsOrigin(target))
            {
                call.Redirect = target;
                NoteAnswer(call, request.RequestUri!);
                return response;
            }

            if (WrongWith(call, request.RequestUri!, target, hop) is { } wrong)
            {
                return Refuse(call, request, response, wrong, target);
            }

            if (!call.Upstream.IsOrigin(target))
            {
                NoteAnswer(call, request.RequestUri!);
            }

            response.Dispose();
            request = Next(request, target, call);
            response = await base.SendAsync(request, cancellationToken);
        }

        return response;
    }

    /// <summary>To lead elsewhere is an answer; to lead to itself is none yet.</summary>
    private void NoteAnswer(UpstreamCall call, Uri asked)
    {
        if (call.Upstream.IsOrigin(asked))
        {
            failing.Answered(call.Upstream.Name, scope: call.Key.Scope, account: call.Upstream.Account);
        }
    }

    private static Wrong? WrongWith(UpstreamCall call, Uri from, Uri target, int hop) =>
        IsDowngrade(from, target) ? Downgrade : !call.Upstream.MayRedirectTo(target) ? NotAllowed : hop == MaxHops ? Loop : null;

    /// <summary>Refuses a redirect; the host that it leads to is for operators alone.</summary>
    private HttpResponseMessage Refuse(
        UpstreamCall call, HttpRequestMessage request, HttpResponseMessage response, in Wrong wrong, Uri? target)
    {
        response.Dispose();
        var (name, fault) = (call.Upstream.Name, new ExchangeFault("redirect", wrong.Reason));
        if (target is null || call.Upstream.IsOrigin(target))
        {
            failing.Failed(name, call.Upstream.Address, fault, call.Key.Scope);
        }
        else
        {
            failing.StorageFailed(name, HttpOrigin.Of(target).Serialized, fault);
        }

        var message = $"upstream '{name}' redirects {wrong.Where}";
        return call.Refuse(
            request, DistributionError.Unavailable((int)HttpStatusCode.BadGateway, message, RetryAfterSeconds),
            target is null ? message : $"{message}: {target.IdnHost}", fault);
    }

    /// <summary>Whether a response says that what is asked for is elsewhere.</summary>
    public static bool IsRedirect(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && response.Headers.NonValidated.Contains("Location");

    /// <summary>Whether it is a GET or HEAD.</summary>
    public static bool IsRead(HttpRequestMessage request) => request.Method == HttpMethod.Get || request.Method == HttpMethod.Head;

    /// <summary>Where a redirect leads; <c>null</c> when it names several places, or none.</summary>
    public static Uri? TargetOf(HttpRequestMessage request, HttpResponseMessage response) =>
        response.Headers.NonValidated["Location"] is { Count: 1 } locations
        && UriReference.TryResolve(locations.ToString(), request.RequestUri!, out var reference) ? reference.Address : null;

    private static bool IsDowngrade(Uri from, Uri to) => from.Scheme == Uri.UriSchemeHttps && to.Scheme != Uri.UriSchemeHttps;

    private static HttpRequestMessage Next(HttpRequestMessage request, Uri target, UpstreamCall call)
    {
        var next = new HttpRequestMessage(request.Method, target) { Version = request.Version, VersionPolicy = request.VersionPolicy };
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            if (RequestHeaders.MayFollowRedirect(name))
            {
                next.Headers.TryAddWithoutValidation(name, values);
            }
        }

        call.AttachTo(next);
        return next;
    }

    /// <summary>What is wrong with a redirect.</summary>
    /// <param name="Where">For clients, after "redirects".</param>
    /// <param name="Reason">For operators, of whoever is at fault.</param>
    private readonly record struct Wrong(string Where, string Reason);
}
