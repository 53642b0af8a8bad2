using System.Net;
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
/// Tries an upstream without a cluster, step by step: its name, the connection, the proxy, TLS, HTTP, how it asks for credentials, and
/// whether it takes those that are configured.
/// </summary>
public sealed class UpstreamTrial : IDisposable
{
    private readonly EgressProxies _proxies;
    private readonly UpstreamNetworks _networks;
    private readonly UpstreamTokenClient _client;
    private readonly CloudTransport _clouds;

    /// <param name="configuration">The configuration that the upstreams are of.</param>
    /// <param name="time">The time.</param>
    public UpstreamTrial(FrontDoorConfiguration configuration, TimeProvider time)
    {
        var feed = new FixedConfiguration(new ConfigurationSnapshot(configuration, "check"));
        _proxies = new EgressProxies(feed, time, NullLogger<EgressProxies>.Instance);
        _networks = new UpstreamNetworks(feed, _proxies, time, NullLogger<UpstreamNetworks>.Instance);
        _client = new UpstreamTokenClient(_networks, time);
        _clouds = new CloudTransport(time);
        (Source, Exchange) = (new CredentialSource(_clouds, _networks, time), new TokenExchange(_client, _networks, time));
    }

    private CredentialSource Source { get; }

    private TokenExchange Exchange { get; }

    /// <summary>The first step that fails and why; <c>Step</c> is <c>null</c> when all is well.</summary>
    public async Task<(string? Step, string Text)> Run(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        if (await ConnectionTrial.Run(upstream.Url, _networks.Of(upstream), cancellation) is { } unreached)
        {
            return (unreached.Step, unreached.Problem);
        }

        try
        {
            var reply = await _client.Ping(upstream);
            return reply.Status switch
            {
                HttpStatusCode.OK => (null, "answers 200: it asks for nothing at /v2/"),
                HttpStatusCode.Unauthorized => await Open(upstream, ChallengeChoice.Of(upstream, reply.Challenges), cancellation),
                _ => ("HTTP",
                    $"answers {(int)reply.Status} to /v2/{(reply.Redirect is { } to ? $", a redirect to {to}" : ": is this a registry?")}"),
            };
        }
        catch (Exception fault)
        {
            return ("HTTP", ExchangeFault.Of(fault).Reason);
        }
    }

    public void Dispose()
    {
        _clouds.Dispose();
        _client.Dispose();
        _networks.Dispose();
        _proxies.Dispose();
    }

    private async Task<(string? Step, string Text)> Open(UpstreamConfiguration upstream, ProbeAnswer asked, CancellationToken cancellation)
    {
        if (asked.Failure is { } unusable)
        {
            return ("challenge", Told(unusable));
        }

        var answer = $"answers 401 and asks for {asked.Challenge.Scheme} ";
        if (upstream.Credentials is AnonymousCredentials && asked.Challenge.Scheme == UpstreamScheme.Basic)
        {
            return ("credential", $"{answer}credentials: set upstreams.{upstream.Name}.credentials");
        }

        var (secret, problem) = await Secret(upstream, cancellation);
        problem ??= await Show(upstream, asked.Challenge, secret);
        return problem is not null ? ("credential", problem)
            : (null, $"{answer}credentials: {(secret.IsNone ? "anybody gets a token" : "takes those that are configured")}");
    }

    private async Task<(UpstreamSecret Secret, string? Problem)> Secret(UpstreamConfiguration upstream, CancellationToken cancellation)
    {
        var kind = upstream.Credentials.Type;
        try
        {
            var (secret, issuer) = Source.Of(upstream);
            return (issuer is null ? secret ?? UpstreamSecret.None : (await issuer.Issue(cancellation)).Secret, null);
        }
        catch (Exception fault)
        {
            return (UpstreamSecret.None, Told(IssueFaults.From(kind, fault)));
        }
    }

    private async Task<string?> Show(UpstreamConfiguration upstream, UpstreamChallenge challenge, UpstreamSecret secret)
    {
        if (challenge.Scheme == UpstreamScheme.Basic)
        {
            return secret.Password is null ? "it requires a user name and a password"
                : (await _client.Ping(upstream, UpstreamTokenClient.Basic(secret.Username, secret.Password))).Status
                    == HttpStatusCode.Unauthorized ? "it refuses user name and password (401)"
                : null;
        }

        var authentication = new UpstreamAuthentication { Challenge = challenge, Secret = secret, AllowPrivate = upstream.AllowPrivate };
        var (result, _) = await Exchange.Exchange(new UpstreamTokenKey(upstream.Name, ""), authentication, generation: 0);
        return result.Failure is { } failure ? Told(failure) : null;
    }

    private static string Told(UpstreamFailure failure) => failure.Detail is { Length: > 0 } detail ? detail : failure.Message;
}
