using System.Net;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>From an opened upstream and a scope to a grant.</summary>
internal sealed class TokenExchange(UpstreamTokenClient client, TimeProvider time)
{
    /// <summary>A Basic grant is the secret itself, so gateways hold it for no longer than this.</summary>
    private static readonly TimeSpan BasicLease = TimeSpan.FromMinutes(10);

    /// <summary>How long an upstream that asked for nothing is taken to ask for nothing.</summary>
    private static readonly TimeSpan OpenLease = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan MinLife = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxLife = TimeSpan.FromHours(1);

    public async Task<UpstreamGrantResult> Exchange(UpstreamTokenKey key, UpstreamOpening opening, long generation)
    {
        switch (opening.Scheme)
        {
            case UpstreamScheme.None:
                return Granted(null, OpenLease, generation);
            case UpstreamScheme.Basic:
                return Granted(new Secret(UpstreamTokenClient.Basic(opening.Username, opening.Password!).ToString()), BasicLease, generation);
        }

        try
        {
            return Judge(key, await Ask(key, opening), generation);
        }
        catch (Exception fault) when (UpstreamFaults.IsExpected(fault))
        {
            return UpstreamGrantResult.Of(UpstreamFaults.From(key.Upstream, fault));
        }
    }

    private async Task<ExchangeReply> Ask(UpstreamTokenKey key, UpstreamOpening opening)
    {
        var scopes = key.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (opening.IdentityToken is { } identity)
        {
            var reply = await client.Post(opening.Realm!, opening.Service, scopes, identity, opening.AllowPrivate);
            return reply.Status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed
                ? await client.Get(opening.Realm!, opening.Service, scopes, "<token>", identity, opening.AllowPrivate)
                : reply;
        }

        return await client.Get(opening.Realm!, opening.Service, scopes, opening.Username, opening.Password, opening.AllowPrivate);
    }

    private UpstreamGrantResult Judge(UpstreamTokenKey key, ExchangeReply reply, long generation)
    {
        var name = key.Upstream;
        switch (reply.Status)
        {
            case HttpStatusCode.OK when reply.Token?.Bearer() is { } token && IsToken(token):
                var life = TimeSpan.FromSeconds(Math.Clamp(reply.Token.ExpiresIn ?? 60, MinLife.TotalSeconds, MaxLife.TotalSeconds));
                return Granted(new Secret($"Bearer {token}"), life - (life / 10), generation);
            case HttpStatusCode.OK:
                return Failed(UpstreamFailureKind.Misconfigured, $"the token endpoint of upstream '{name}' sent no usable token");
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest:
                return Failed(UpstreamFailureKind.Refused, $"the token endpoint of upstream '{name}' refuses the configured credentials ({(int)reply.Status})");
            case HttpStatusCode.TooManyRequests:
                return Failed(UpstreamFailureKind.Throttled, $"the token endpoint of upstream '{name}' limits the rate of requests", reply.RetryAfter);
            case >= HttpStatusCode.InternalServerError:
                return Failed(UpstreamFailureKind.Unreachable, $"the token endpoint of upstream '{name}' answered {(int)reply.Status}", reply.RetryAfter);
            default:
                return Failed(UpstreamFailureKind.Misconfigured, $"the token endpoint of upstream '{name}' answered {(int)reply.Status}");
        }
    }

    private UpstreamGrantResult Granted(Secret? authorization, TimeSpan life, long generation)
    {
        var now = time.GetUtcNow();
        return UpstreamGrantResult.Of(new UpstreamGrant
        {
            Authorization = authorization,
            Generation = generation,
            RefreshAfter = now + (life * Jitter.Between(0.5, 0.8)),
            Expires = now + life,
        });
    }

    private static UpstreamGrantResult Failed(UpstreamFailureKind kind, string message, TimeSpan? retryAfter = null) =>
        UpstreamGrantResult.Of(new UpstreamFailure(kind, message, (int)Math.Clamp(retryAfter?.TotalSeconds ?? 0, 0, 300)));

    /// <summary>token68 of RFC 9110 §11.2.</summary>
    private static bool IsToken(string text)
    {
        var body = text.AsSpan().TrimEnd('=');
        return body.Length > 0 && text.Length <= 16 * 1024 && !body.ContainsAnyExcept(Token68);
    }

    private static readonly System.Buffers.SearchValues<char> Token68 =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/");
}
