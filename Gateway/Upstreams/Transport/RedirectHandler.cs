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

    private static readonly ExchangeFault NotAllowed = new(
        "redirect", "the upstream redirects to it, which redirectHosts, or the rules for all redirects, do not allow");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        var response = await base.SendAsync(request, cancellationToken);
        for (var hop = 0; IsRedirect(request, response, out var location); hop++)
        {
            if (location is null || !UriReference.TryResolve(location, request.RequestUri!, out var reference))
            {
                return Refuse(call, request, response, "to something that is not an address", null);
            }

            var target = reference.Address;
            if (!call.FollowRedirects && !call.Upstream.IsOrigin(target))
            {
                call.Redirect = target;
                return response;
            }

            if (hop == MaxHops || !call.Upstream.MayRedirectTo(target) || IsDowngrade(request.RequestUri!, target))
            {
                failing.StorageFailed(call.Upstream.Name, HttpOrigin.Of(target).Serialized, NotAllowed);
                return Refuse(call, request, response, "to where redirectHosts, or the rules for all redirects, do not allow",
                    target.IdnHost);
            }

            response.Dispose();
            request = Next(request, target, call);
            response = await base.SendAsync(request, cancellationToken);
        }

        return response;
    }

    /// <summary>Refuses a redirect; the host that it leads to is for operators alone.</summary>
    private static HttpResponseMessage Refuse(
        UpstreamCall call, HttpRequestMessage request, HttpResponseMessage response, string where, string? host)
    {
        response.Dispose();
        var message = $"upstream '{call.Upstream.Name}' redirects {where}";
        return call.Refuse(
            request, DistributionError.Unavailable((int)HttpStatusCode.BadGateway, message, RetryAfterSeconds), host is null ? message
                : $"{message}: {host}", host is null ? null : NotAllowed);
    }

    /// <summary>Whether a response is a redirect, and to where as it says; <c>null</c> when it says two things.</summary>
    private static bool IsRedirect(HttpRequestMessage request, HttpResponseMessage response, out string? location)
    {
        location = null;
        if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
            || !(request.Method == HttpMethod.Get || request.Method == HttpMethod.Head)
            || !response.Headers.NonValidated.TryGetValues("Location", out var locations))
        {
            return false;
        }

        location = locations.Count == 1 ? locations.ToString() : null;
        return true;
    }

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
}
