using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Grains.Upstreams.TokenServices;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// Tries the credential of an upstream at one of its repositories, where its root proves nothing: HEAD of the tag <c>latest</c>, which
/// costs no pull and need not be there.
/// </summary>
internal sealed class RepositoryTrial(UpstreamTokenClient client, TokenExchange exchange)
{
    /// <summary>What came of it; what the root said, where the repository proves nothing either.</summary>
    public async Task<UpstreamTrialAnswer> Run(
        UpstreamConfiguration upstream, RepositoryName repository, UpstreamSecret secret, UpstreamTrialAnswer atRoot)
    {
        var reply = await client.Ping(upstream, repository);
        if (reply.Status != HttpStatusCode.Unauthorized || ChallengeChoice.Of(upstream, reply.Challenges) is not { Failure: null } asked)
        {
            return atRoot;
        }

        if (asked.Challenge.Scheme == UpstreamScheme.Basic)
        {
            return secret.Password is { } password
                ? Judge(repository, await client.Ping(upstream, repository, UpstreamTokenClient.Basic(secret.Username, password)), atRoot)
                : atRoot;
        }

        var authentication =
            new UpstreamAuthentication { Challenge = asked.Challenge, Secret = secret, AllowPrivate = upstream.AllowPrivate };
        var (result, _, _) = await exchange.Exchange(
            new UpstreamTokenKey(upstream.Name, $"repository:{repository}:pull"), authentication, generation: 0);
        return result.Token?.Authorization is { } token
                ? Judge(repository, await client.Ping(upstream, repository, AuthenticationHeaderValue.Parse(token.Reveal())), atRoot)
            : result.Failure is { } failure ? new(null, $"'{repository}': {UpstreamTrial.Told(failure)}", IsDoubtful: true) : atRoot;
    }

    /// <summary>What is refused may be this repository alone.</summary>
    private static UpstreamTrialAnswer Judge(RepositoryName repository, PingReply shown, UpstreamTrialAnswer atRoot) => shown.Status switch
    {
        >= HttpStatusCode.OK and < HttpStatusCode.Ambiguous or HttpStatusCode.NotFound =>
            new(null, $"takes those that are configured, for '{repository}'"),
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new(null,
            $"refuses '{repository}' with the configured credential ({(int)shown.Status}): is it there, and may that pull it?",
            IsDoubtful: true),
        _ => atRoot,
    };
}
