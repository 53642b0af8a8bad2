using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Notes how the requests to an upstream itself fare, and apart from that those to where it redirects. What this gateway refuses in its
/// place says nothing, but that a rate limit lasts.
/// </summary>
internal sealed class HealthHandler(FailingUpstreams failing, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        var isOrigin = call.Upstream.IsOrigin(request.RequestUri!);
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (isOrigin)
            {
                Note(call, request, response);
            }
            else
            {
                NoteStorage(call, request, response.StatusCode);
            }

            return response;
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested && call.Body is not { IsBroken: true })
        {
            NoteLimit(call);
            if (!isOrigin && (UpstreamBreaker.IsFailure(fault) || fault.Causes().OfType<ForbiddenAddressException>().Any()))
            {
                failing.StorageFailed(call.Upstream.Name, OriginOf(request.RequestUri!), ExchangeFault.Of(fault));
            }
            else if (isOrigin && UpstreamBreaker.IsFailure(fault))
            {
                failing.Failed(call.Upstream.Name, call.Upstream.Address, ExchangeFault.Of(fault),
                    UpstreamBreaker.IsOfHost(fault) ? null : call.Key.Scope);
            }

            throw;
        }
    }

    /// <summary>What an answer of the upstream's storage says of it; <c>null</c> when it is a good one.</summary>
    public static ExchangeFault? FaultOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new("refused", $"it answers {(int)status}"),
        HttpStatusCode.TooManyRequests => new("throttled", "it answers 429"),
        _ => IsFailure(status) ? new("status", $"it answers {(int)status}") : null,
    };

    private static bool IsFailure(HttpStatusCode status) =>
        status >= HttpStatusCode.InternalServerError && status != HttpStatusCode.NotImplemented;

    private void Note(UpstreamCall call, HttpRequestMessage request, HttpResponseMessage response)
    {
        NoteLimit(call);

        // Whether a redirect is an answer depends on where it leads.
        var status = response.StatusCode;
        if (call.Refusal is not null || status == HttpStatusCode.TooManyRequests || RedirectHandler.IsRedirect(response))
        {
            return;
        }

        if (IsFailure(status) || (call.Kind != CallKind.Write && IsNoContent(request, status)))
        {
            failing.Failed(
                call.Upstream.Name, call.Upstream.Address, new ExchangeFault("status", $"it answers {(int)status}"), call.Key.Scope);
        }
        else
        {
            failing.Answered(call.Upstream.Name, (int)status is not (401 or 403) and < 500, call.Key.Scope, call.Upstream.Account);
        }
    }

    /// <summary>Also when what was sent after a 429 did not arrive.</summary>
    private void NoteLimit(UpstreamCall call)
    {
        if (call.Limit is { } limit)
        {
            failing.Limited(call.Upstream.Name, call.Upstream.Address, limit.For, limit.IsAnswer, call.Upstream.Account);
            call.Limit = null;
        }
    }

    /// <summary>Whether what a read is answered with is neither content nor a word on why there is none.</summary>
    private static bool IsNoContent(HttpRequestMessage request, HttpStatusCode status) =>
        (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head) && status < HttpStatusCode.BadRequest
        && status is not (HttpStatusCode.OK or HttpStatusCode.NonAuthoritativeInformation or HttpStatusCode.PartialContent
            or HttpStatusCode.NotModified);

    private void NoteStorage(UpstreamCall call, HttpRequestMessage request, HttpStatusCode status)
    {
        switch (FaultOf(status))
        {
            case { Kind: "refused" } when request.Method == HttpMethod.Head:
                // An address that is signed for a GET says no to a HEAD.
                break;
            case { } fault:
                failing.StorageFailed(call.Upstream.Name, OriginOf(request.RequestUri!), fault);
                break;
            default:
                failing.StorageAnswered(call.Upstream.Name);
                break;
        }
    }

    private static string OriginOf(Uri address) => HttpOrigin.Of(address).Serialized;
}
