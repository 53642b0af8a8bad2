using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Network;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Grains.Upstreams.Credentials.Clouds;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Grains.Upstreams.Principals;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// Tries an upstream without a cluster, step by step: its name, the connection, the proxy, TLS, the secret, which is read or issued in any
/// case, HTTP, how it asks for credentials, and whether it takes those that are configured.
/// </summary>
public sealed class UpstreamTrial : IDisposable
{
    private const string Http = "HTTP";
    private const string Credential = "credential";

    private readonly FrontDoorConfiguration _configuration;
    private readonly EgressProxies _proxies;
    private readonly UpstreamNetworks _networks;
    private readonly UpstreamTokenClient _client;
    private readonly CloudTransport _clouds;

    /// <param name="configuration">The configuration that the upstreams are of.</param>
    /// <param name="time">The time.</param>
    public UpstreamTrial(FrontDoorConfiguration configuration, TimeProvider time)
    {
        _configuration = configuration;
        var feed = new FixedConfiguration(new ConfigurationSnapshot(configuration, "check"));
        _proxies = new EgressProxies(feed, time, NullLogger<EgressProxies>.Instance);
        _networks = new UpstreamNetworks(feed, _proxies, time, NullLogger<UpstreamNetworks>.Instance);
        _client = new UpstreamTokenClient(_networks, time);
        _clouds = new CloudTransport(time);
        (Source, Exchange) = (new CredentialSource(_clouds, _networks, time), new TokenExchange(_client, _networks, time));
        Repositories = new RepositoryTrial(_client, Exchange);
    }

    private CredentialSource Source { get; }

    private TokenExchange Exchange { get; }

    private RepositoryTrial Repositories { get; }

    /// <summary>The first step that fails and why, or what is well and what that does not prove.</summary>
    public async Task<UpstreamTrialAnswer> Run(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        if (await ConnectionTrial.Run(upstream.Url, _networks.Of(upstream), cancellation) is { } unreached)
        {
            return new(unreached.Step, unreached.Problem);
        }

        var (secret, problem) = await Secret(upstream, cancellation);
        if (problem is not null)
        {
            return new(Credential, problem);
        }

        try
        {
            var answer = await AtRoot(upstream, secret);
            return answer.IsDoubtful && NamedRepository.At(upstream, _configuration) is { } repository
                ? await Repositories.Run(upstream, repository, secret, answer) : answer;
        }
        catch (Exception fault)
        {
            return new(Http, ExchangeFault.Of(fault).Reason);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _clouds.Dispose();
        _client.Dispose();
        _networks.Dispose();
        _proxies.Dispose();
    }

    private static string Answers(PingReply reply) => reply.Status switch
    {
        HttpStatusCode.TooManyRequests => "answers 429 to /v2/: it limits the rate of requests" +
            (reply.RetryAfter is { } wait ? $", try again in {(int)wait.TotalSeconds} s" : ""),
        >= HttpStatusCode.InternalServerError => $"answers {(int)reply.Status} to /v2/: a server error",
        _ when reply.Redirect is { } to => $"answers {(int)reply.Status} to /v2/, a redirect to {to}",
        _ => $"answers {(int)reply.Status} to /v2/: is this a registry?",
    };

    private async Task<UpstreamTrialAnswer> AtRoot(UpstreamConfiguration upstream, UpstreamSecret secret)
    {
        var reply = await _client.Ping(upstream);
        return reply.Status switch
        {
            HttpStatusCode.OK => await ShowUnasked(upstream, secret),
            HttpStatusCode.Unauthorized => await Open(upstream, ChallengeChoice.Of(upstream, reply.Challenges), secret),
            _ when UpstreamProbe.IsSilent(reply.Status) =>
                new(null, $"{Answers(reply)}; what is pulled is asked for all the same", IsDoubtful: true),
            _ => new(Http, Answers(reply)),
        };
    }

    /// <summary>It asks nobody for a credential: one that it refuses is found out, that it takes one is not.</summary>
    private async Task<UpstreamTrialAnswer> ShowUnasked(UpstreamConfiguration upstream, UpstreamSecret secret)
    {
        const string open = "answers 200 to /v2/ without a credential";
        if (secret.IsNone)
        {
            return new(null, $"{open}: it asks for nothing there");
        }

        if (secret.Password is null)
        {
            return new(null, $"{open}; the configured one could be read, but not be verified: nothing asks for it there", IsDoubtful: true);
        }

        var shown = await _client.Ping(upstream, UpstreamTokenClient.Basic(secret.Username, secret.Password));
        return shown.Status == HttpStatusCode.OK
            ? new(null, $"{open} and with the configured one, so that one could not be verified", IsDoubtful: true)
            : Refusal(shown, "user name and password");
    }

    private async Task<UpstreamTrialAnswer> Open(UpstreamConfiguration upstream, ProbeAnswer asked, UpstreamSecret secret)
    {
        if (asked.Failure is { } unusable)
        {
            return new("challenge", Told(unusable));
        }

        var answer = $"answers 401 and asks for {asked.Challenge.Scheme} credentials: ";
        if (asked.Challenge.Scheme == UpstreamScheme.Basic)
        {
            return secret.Password is null
                ? new(Credential, upstream.Credentials is AnonymousCredentials
                    ? $"{answer}set {CredentialPlace.Of(upstream.Name)}" : "it requires a user name and a password")
                : Judge(await _client.Ping(upstream, UpstreamTokenClient.Basic(secret.Username, secret.Password)),
                    "user name and password", $"{answer}takes those that are configured");
        }

        var authentication =
            new UpstreamAuthentication { Challenge = asked.Challenge, Secret = secret, AllowPrivate = upstream.AllowPrivate };
        var (result, isOfAll, _) = await Exchange.ExchangeUnscoped(upstream.Name, authentication);
        if (!isOfAll && result.Failure is { Kind: UpstreamFailureKind.Refused } unscoped)
        {
            // There are token services that give none without a scope, to whomever.
            return new(null, $"{answer}{Told(unscoped)}, so nothing was verified", IsDoubtful: true);
        }

        if (result.Token?.Authorization is not { } token)
        {
            return new(Credential, result.Failure is { } failure ? Told(failure) : "its token endpoint gives nothing");
        }

        var shown = await _client.Ping(upstream, AuthenticationHeaderValue.Parse(token.Reveal()));
        return secret.IsNone && shown.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? new(null, $"{answer}anybody gets a token, with which /v2/ answers {(int)shown.Status}", IsDoubtful: true)
            : Judge(shown, "the token of its own token endpoint",
                $"{answer}{(secret.IsNone ? "anybody gets a token" : "takes those that are configured")}");
    }

    /// <summary>What an answer to a shown credential says.</summary>
    private static UpstreamTrialAnswer Judge(PingReply shown, string what, string good) =>
        (int)shown.Status is >= 200 and < 300 ? new(null, good) : Refusal(shown, what);

    private static UpstreamTrialAnswer Refusal(PingReply shown, string what) =>
        shown.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
            ? new(Credential, $"it refuses {what} ({(int)shown.Status})")
            : new(Http, $"with the credential it {Answers(shown)}");

    private async Task<(UpstreamSecret Secret, string? Problem)> Secret(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        var kind = upstream.Credentials.Type;
        try
        {
            var (secret, issuer) = Source.Of(upstream);
            return (issuer is null ? secret ?? UpstreamSecret.None : (await issuer.Issue(cancellation)).Secret, null);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            return (UpstreamSecret.None, Told(IssueFaults.From(kind, fault)));
        }
    }

    internal static string Told(UpstreamFailure failure) => failure.Detail is { Length: > 0 } detail ? detail : failure.Message;
}

/// <summary>What came of trying an upstream.</summary>
/// <param name="Step">The step that failed; <c>null</c> when none did.</param>
/// <param name="Text">For operators; no secret.</param>
/// <param name="IsDoubtful">Whether nothing failed, and it is not proved that the credential is right.</param>
public sealed record UpstreamTrialAnswer(string? Step, string Text, bool IsDoubtful = false);
