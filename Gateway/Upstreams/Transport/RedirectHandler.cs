using System.Net;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Follows the redirects of GET and HEAD by hand: at most five, never from https to http, only where the upstream may lead, each hop
/// without the credentials of another origin and dialled under the same vetting of addresses.
/// </summary>
internal sealed class RedirectHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int MaxHops = 5;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        var response = await base.SendAsync(request, cancellationToken);
        for (var hop = 0; Target(request, response) is { } target; hop++)
        {
            if (!call.FollowRedirects && !call.Upstream.IsOrigin(target))
            {
                return response;
            }

            if (hop == MaxHops || !call.Upstream.MayRedirectTo(target) || IsDowngrade(request.RequestUri!, target))
            {
                response.Dispose();
                throw new RedirectRefusedException($"upstream '{call.Upstream.Name}' redirects to {target.IdnHost}, which redirectHosts does not allow");
            }

            response.Dispose();
            request = Next(request, target, call);
            response = await base.SendAsync(request, cancellationToken);
        }

        return response;
    }

    /// <summary>Where a redirect leads, absolute; <c>null</c> when the response is none.</summary>
    /// <exception cref="RedirectRefusedException">It leads to something that is not an address.</exception>
    internal static Uri? Target(HttpRequestMessage request, HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head)
        && response.Headers.NonValidated.TryGetValues("Location", out var locations)
            ? locations.Count == 1 && UriReference.TryResolve(locations.ToString(), request.RequestUri!, out var target) ? target.Address
                : throw new RedirectRefusedException($"upstream '{UpstreamCall.Of(request).Upstream.Name}' redirects to something that is not an address")
            : null;

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
