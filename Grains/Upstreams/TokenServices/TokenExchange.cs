using System.Net;
using RegistryProxy.Background;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>From an opened upstream and a scope to a token.</summary>
internal sealed class TokenExchange(UpstreamTokenClient client, UpstreamNetworks networks, TimeProvider time)
{
    /// <summary>A Basic credential is the secret itself, so gateways hold it for no longer than this.</summary>
    private static readonly TimeSpan BasicLease = TimeSpan.FromMinutes(10);

    /// <summary>How long an upstream that asked for nothing is taken to ask for nothing.</summary>
    private static readonly TimeSpan OpenLease = TimeSpan.FromMinutes(5);

    public async Task<ExchangeResult> Exchange(UpstreamTokenKey key, UpstreamAuthentication authentication, long generation)
    {
        switch (authentication.Challenge.Scheme)
        {
            case UpstreamScheme.None:
                return Granted(authentication, null, OpenLease, generation);
            case UpstreamScheme.Basic:
                var left = (authentication.SecretExpires ?? DateTimeOffset.MaxValue) - time.GetUtcNow();
                var basic = UpstreamTokenClient.Basic(authentication.Secret.Username, authentication.Secret.Password!);
                return Granted(
                    authentication, new Secret(basic.ToString()), left < BasicLease ? left : BasicLease, generation);
        }

        if (!networks.IsAt(key.Upstream, authentication.Origin))
        {
            return new ExchangeResult(UpstreamTokenResult.Of(UpstreamFailure.Edited(key.Upstream)), OfUpstream: true);
        }

        try
        {
            return Classify(key.Upstream, await Request(key, authentication), authentication, generation);
        }
        catch (Exception fault)
        {
            return new ExchangeResult(UpstreamTokenResult.Of(UpstreamFaults.From(key.Upstream, fault)), OfUpstream: true);
        }
    }

    /// <summary>
    /// The same without a scope: what is refused then is the credential. A 403 is that only where others are answered otherwise: there are
    /// endpoints that give no token without a scope, to whomever. One that fails meanwhile says nothing.
    /// </summary>
    public async Task<ExchangeResult> ExchangeUnscoped(string upstream, UpstreamAuthentication authentication)
    {
        var key = new UpstreamTokenKey(upstream, "");
        var result = await Exchange(key, authentication, generation: 0);
        return result.IsForbidden && !authentication.Secret.IsNone
            && await Exchange(key, authentication with { Secret = UpstreamSecret.None }, generation: 0) is { IsForbidden: false } other
            && other.Result.Failure is null or { Kind: UpstreamFailureKind.Refused or UpstreamFailureKind.Misconfigured, Cause: null }
            ? RefusedCredential(upstream, HttpStatusCode.Forbidden) : result;
    }

    private static string EndpointOf(string upstream) => $"the token endpoint of upstream '{upstream}'";

    private static ExchangeResult RefusedCredential(string upstream, HttpStatusCode status) => Failed(
        UpstreamFailureKind.Refused, $"{EndpointOf(upstream)} refuses the configured credentials ({(int)status})") with
    {
        OfUpstream = true,
    };

    private async Task<ExchangeReply> Request(UpstreamTokenKey key, UpstreamAuthentication authentication)
    {
        var scopes = key.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (challenge, secret) = (authentication.Challenge, authentication.Secret);
        var network = networks.Of(key.Upstream) ?? new EgressSettings(authentication.AllowPrivate);
        if (secret.IdentityToken is null && !secret.PasswordGrant)
        {
            return await client.Get(challenge.Realm!, challenge.Service, scopes, secret.Username, secret.Password, network);
        }

        var reply = await client.Post(challenge.Realm!, challenge.Service, scopes, secret, network);
        return reply.Status switch
        {
            HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.MovedPermanently or HttpStatusCode.Found
                or HttpStatusCode.SeeOther when secret.IdentityToken is { } identity =>
                await client.Get(challenge.Realm!, challenge.Service, scopes, "<token>", identity, network),
            HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed
                or HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther when secret.PasswordGrant =>
                await client.Get(challenge.Realm!, challenge.Service, scopes, secret.Username, secret.Password, network),
            _ => reply,
        };
    }

    private ExchangeResult Classify(string name, ExchangeReply reply, UpstreamAuthentication authentication, long generation)
    {
        var endpoint = EndpointOf(name);
        switch (reply.Status)
        {
            case >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous when reply.Token?.Bearer() is { } token && BearerToken.IsOne(token):
                return Granted(
                    authentication, new Secret($"Bearer {token}"), BearerToken.LifeOf(reply.Token, time.GetUtcNow()), generation);
            case >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous:
                return Failed(UpstreamFailureKind.Misconfigured, $"{endpoint} sent no usable token") with { OfUpstream = true };
            case HttpStatusCode.Unauthorized when !authentication.Secret.IsNone:
                return RefusedCredential(name, reply.Status);
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest:
                return Failed(UpstreamFailureKind.Refused,
                    $"{endpoint} gives these credentials no token for a repository ({(int)reply.Status})") with
                {
                    IsForbidden = reply.Status == HttpStatusCode.Forbidden,
                };
            case HttpStatusCode.TooManyRequests:
                return Failed(UpstreamFailureKind.Throttled, $"{endpoint} limits the rate of requests",
                    reply.RetryAfter) with { OfUpstream = true };
            case >= HttpStatusCode.InternalServerError:
                return Failed(UpstreamFailureKind.Unreachable, $"{endpoint} answered {(int)reply.Status}",
                    reply.RetryAfter) with { OfUpstream = true };
            case >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest when reply.Loops:
                return Redirected($"{endpoint} redirects more than {UpstreamTokenClient.MaxHops} times on its own host", reply.Redirect);
            case >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest:
                return Redirected($"{endpoint} redirects to another host, which upstreams.*.realms must list in its place", reply.Redirect);
            default:
                return Failed(UpstreamFailureKind.Misconfigured, $"{endpoint} answered {(int)reply.Status}") with { OfUpstream = true };
        }
    }

    private ExchangeResult Granted(UpstreamAuthentication authentication, Secret? authorization, TimeSpan life, long generation)
    {
        var now = time.GetUtcNow();
        return new(
            UpstreamTokenResult.Of(new UpstreamToken
            {
                Authorization = authorization, Generation = generation, RefreshAfter = now + (life * Jitter.Between(0.5, 0.8)),
                Expires = now + life, Origin = authentication.Origin,
            }),
            OfUpstream: false);
    }

    private static ExchangeResult Redirected(string message, string? target) => new(
        UpstreamTokenResult.Of(new UpstreamFailure(
            UpstreamFailureKind.Misconfigured, message, 0) { Detail = $"{message}: {target ?? "no address"}" }),
        OfUpstream: true);

    private static ExchangeResult Failed(UpstreamFailureKind kind, string message, TimeSpan? retryAfter = null) =>
        new(UpstreamTokenResult.Of(new UpstreamFailure(kind, message, (int)Math.Clamp(retryAfter?.TotalSeconds ?? 0, 0, 300))),
            OfUpstream: false);
}

/// <summary>What came of asking for a token.</summary>
/// <param name="Result">The token, or the failure.</param>
/// <param name="OfUpstream">Whether the failure may be about the whole upstream rather than one scope.</param>
/// <param name="IsForbidden">Whether the endpoint answered 403.</param>
internal sealed record ExchangeResult(UpstreamTokenResult Result, bool OfUpstream, bool IsForbidden = false);
