using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Sends the upstream's credential, to the upstream's own origin and nowhere else. When the upstream refuses it, the token is replaced, and
/// a request whose body is here sent once more. A refusal that a fresh token did not mend, and a little time neither, is an answer. That of
/// a HEAD where none was answered yet says nothing of a token that opened something: the GET that follows does.
/// </summary>
internal sealed class UpstreamTokenHandler(
    UpstreamTokenCache tokens, FailingUpstreams failing, LateTokens late, TimeProvider time, HttpMessageHandler inner)
    : DelegatingHandler(inner)
{
    /// <summary>How many headers of a refusal are read.</summary>
    private const int MaxChallenges = 8;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        if (!call.Upstream.IsOrigin(request.RequestUri!))
        {
            request.Headers.Remove("Authorization");
            return await base.SendAsync(request, cancellationToken);
        }

        var (token, why) = (call.Token, (UpstreamFailure?)null);
        var response = await SendWith(token, request, call, cancellationToken);
        if (call.IsTrial && token.WasAccepted && IsRefusal(response))
        {
            return response;
        }

        if (IsRefusal(response) && time.GetUtcNow() >= token.ReplaceableFrom)
        {
            var next = await Replaced(call, response, cancellationToken);
            if (next.Failure is { Kind: UpstreamFailureKind.Throttled or UpstreamFailureKind.Unreachable } failure)
            {
                // Nobody has said yet whether the credential opens this.
                response.Dispose();
                TokenFailures.Tell(failing, call.Upstream, call.Key.Scope, failure);
                return call.Refuse(request, TokenFailures.ErrorOf(call.Upstream, failure), failure.Detail);
            }

            why = next.Failure;
            if (next.Token is { } fresh && fresh.Generation != token.Generation && call.MayRepeat(request))
            {
                response.Dispose();
                token = fresh;
                response = await SendWith(token, request, call, cancellationToken);
            }
        }

        if (IsRefusal(response) && call.MayRepeat(request) && late.MayBe(call.Upstream, token, time.GetUtcNow()))
        {
            response.Dispose();
            await late.Wait(cancellationToken);
            response = await SendWith(token, request, call, cancellationToken);
            if (IsRefusal(response))
            {
                late.WasInVain(call.Upstream);
            }
        }

        return IsRefusal(response) && !call.IsTrial ? Refused(call, response, why) : response;
    }

    private async Task<HttpResponseMessage> SendWith(
        UpstreamToken token, HttpRequestMessage request, UpstreamCall call, CancellationToken cancellation)
    {
        Authorize(request, call, token);
        var response = await base.SendAsync(request, cancellation);
        token.WasAccepted |= (int)response.StatusCode is < 400 or 404;
        return response;
    }

    private static bool IsRefusal(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    private HttpResponseMessage Refused(UpstreamCall call, HttpResponseMessage refusal, UpstreamFailure? why)
    {
        var credential = call.Token.Authorization is null ? "without a credential" : "with the credential that it is configured with";
        failing.Refused(
            call.Upstream.Name, call.Upstream.Address,
            why is { IsOfScope: true } ? why.Detail : $"it refuses a request {credential} ({(int)refusal.StatusCode})", call.Key.Scope);
        return refusal;
    }

    private async Task<UpstreamTokenResult> Replaced(UpstreamCall call, HttpResponseMessage refusal, CancellationToken cancellation)
    {
        try
        {
            return await tokens.Replace(call.Upstream, call.Key, call.Token, ChallengesOf(refusal), cancellation);
        }
        catch
        {
            refusal.Dispose();
            throw;
        }
    }

    /// <summary>How a 401 asks for credentials (RFC 9110 §11.6.1); nothing else does.</summary>
    private static string[]? ChallengesOf(HttpResponseMessage refusal) =>
        refusal.StatusCode != HttpStatusCode.Unauthorized ? null
            : refusal.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values)
                ? [.. values.Where(value => value.Length <= Challenge.MaxHeaderLength).Take(MaxChallenges)]
                : [];

    /// <exception cref="WrongOriginException">The token is of where the upstream was, or will be.</exception>
    private static void Authorize(HttpRequestMessage request, UpstreamCall call, UpstreamToken token)
    {
        request.Headers.Remove("Authorization");
        if (!token.IsFor(call.Upstream.Origin))
        {
            throw new WrongOriginException();
        }

        if (token.Authorization is { } authorization)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization.Reveal());
        }
    }
}
