using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Follows redirects of writes: those that keep method and body (307 and 308, RFC 9110 §15.4), at the upstream's own origin, while the body
/// is here or none of it was sent.
/// </summary>
internal sealed class WriteRedirectHandler(FailingUpstreams failing, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const int MaxHops = 3;

    private const int RetryAfterSeconds = 5;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        var response = await base.SendAsync(request, cancellationToken);
        for (var hop = 0; !RedirectHandler.IsRead(request) && RedirectHandler.IsRedirect(response); hop++)
        {
            var target = RedirectHandler.TargetOf(request, response);
            if (WrongWith(call, request, response.StatusCode, target, hop) is { } wrong)
            {
                return Refuse(call, request, response, wrong, target);
            }

            response.Dispose();
            request = Next(request, target!, call);
            response = await base.SendAsync(request, cancellationToken);
        }

        return response;
    }

    private static string? WrongWith(
        UpstreamCall call, HttpRequestMessage request, HttpStatusCode status, Uri? target, int hop) => status switch
    {
        _ when target is null => "to something that is not an address",
        _ when !call.Upstream.IsOrigin(target) => $"to another host, port or scheme, which upstreams.{call.Upstream.Name}.url must name",
        not (HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect) =>
            $"by {(int)status}, which makes a GET of it: only 307 and 308 keep a write",
        _ when hop == MaxHops => $"more than {MaxHops} times",
        _ when !call.MayRepeat(request) => "when its content was on its way already",
        _ => null,
    };

    private HttpResponseMessage Refuse(
        UpstreamCall call, HttpRequestMessage request, HttpResponseMessage response, string wrong, Uri? target)
    {
        response.Dispose();
        var fault = new ExchangeFault("redirect", $"it redirects a write {wrong}");
        failing.Failed(call.Upstream.Name, call.Upstream.Address, fault, call.Key.Scope);
        var message = $"upstream '{call.Upstream.Name}' redirects a write {wrong}";
        return call.Refuse(
            request, DistributionError.Unavailable((int)HttpStatusCode.BadGateway, message, RetryAfterSeconds),
            target is null ? message : $"{message}: {HttpOrigin.Of(target).Serialized}", fault);
    }

    private static HttpRequestMessage Next(HttpRequestMessage request, Uri target, UpstreamCall call)
    {
        var next = new HttpRequestMessage(request.Method, target)
        {
            Version = request.Version, VersionPolicy = request.VersionPolicy, Content = request.Content,
        };
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            next.Headers.TryAddWithoutValidation(name, values);
        }

        call.AttachTo(next);
        return next;
    }
}
