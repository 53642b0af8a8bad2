using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Registries;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Mirror;

/// <summary>
/// Adds access tokens: the one kept for the repository; after a challenge a new one, by this node's session, and the request once more. The
/// token endpoint is always the registry's own, whatever a challenge says.
/// </summary>
internal sealed class MirrorAuthentication(Registry proxyRegistry, TimeProvider time)
    : DelegatingHandler(RegistryTransport.Create(proxyRegistry.Settings.CaFile))
{
    private const int MaxTokens = 1000;

    /// <summary>The longest access token that is kept, in characters: as long as front doors take.</summary>
    private const int MaxToken = 8192;

    /// <summary>The longest name of a registry and repository that a token is kept for, in characters.</summary>
    private const int MaxKey = 600;

    private static readonly string[] Ends = ["/manifests/", "/blobs/", "/tags/", "/referrers/"];
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (Secret Token, TimeSpan Until)> _tokens = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var repository = Repository(request.RequestUri!);
        if (_tokens.TryGetValue(repository, out var known) && time.GetSteadyNow() < known.Until)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", known.Token.Reveal());
        }

        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (AuthorityException fault)
        {
            return Failure(RegistryFailure.Unavailable($"ca of {proxyRegistry.Url}: {fault.Message}"));
        }

        if (response.StatusCode != HttpStatusCode.Unauthorized || Challenge(response) is not { } challenge)
        {
            return response;
        }

        response.Dispose();
        if (!(await NewToken(repository, challenge, cancellationToken)).Succeeded(out var token, out var failure))
        {
            return Failure(failure);
        }

        using var again = new HttpRequestMessage(request.Method, request.RequestUri)
            { Version = request.Version, VersionPolicy = request.VersionPolicy };
        foreach (var (name, values) in request.Headers)
        {
            again.Headers.TryAddWithoutValidation(name, values);
        }

        again.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        return await base.SendAsync(again, cancellationToken);
    }

    private async Task<Outcome<Secret>> NewToken(string repository, Challenge challenge, CancellationToken cancellation)
    {
        if (!(await AccessToken(challenge, cancellation)).Succeeded(out var reply, out var failure))
        {
            return failure;
        }

        var token = new Secret(reply.Bearer() ?? "");
        if (_tokens.Count >= MaxTokens)
        {
            _tokens.Clear();
        }

        if (repository.Length <= MaxKey && reply.Bearer() is null or { Length: <= MaxToken })
        {
            _tokens[repository] = (token, time.GetSteadyNow() + TimeSpan.FromSeconds(reply.ExpiresIn ?? 60) - Margin);
        }

        return token;
    }

    /// <summary>By the session of this node; by a new one where the front door has ended that.</summary>
    private async Task<Outcome<TokenReply>> AccessToken(Challenge challenge, CancellationToken cancellation)
    {
        if (!(await proxyRegistry.LogIn(cancellation)).Succeeded(out var session, out var failure))
        {
            return failure;
        }

        var answer = await RequestToken(session);
        if (answer.Succeeded(out _, out failure) || failure.Kind != FailureKind.Refused)
        {
            return answer;
        }

        proxyRegistry.Session?.Forget(session);
        return (await proxyRegistry.LogIn(cancellation)).Succeeded(out session, out failure) ? await RequestToken(session) : failure;

        Task<Outcome<TokenReply>> RequestToken(RegistryCredential credential) =>
            proxyRegistry.Client.AccessToken(credential, challenge.Service ?? "", challenge["scope"] ?? "", cancellation);
    }

    private static Challenge? Challenge(HttpResponseMessage response) =>
        response.Headers.WwwAuthenticate.SelectMany(
            header => Protocol.Challenge.ParseAll(header.ToString())).FirstOrDefault(challenge => challenge.IsBearer);

    private static HttpResponseMessage Failure(RegistryFailure failure) => new(
        failure.Kind == FailureKind.Unavailable ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.Forbidden)
    {
        Content = new StringContent(MirrorError.Json(failure.Message), new MediaTypeHeaderValue("application/json")),
    };

    /// <summary>Registry and repository of a request; tokens are kept for both together.</summary>
    private static string Repository(Uri target)
    {
        var path = target.AbsolutePath;
        var end = Ends.Max(part => path.LastIndexOf(part, StringComparison.Ordinal));
        var registry = QueryParameters.TryParse(target.Query.AsSpan(Math.Min(1, target.Query.Length)), out var query)
            && query.TryGetSingle("ns", out var ns)
            ? ns
            : "";
        return $"{registry}{(end < 0 ? path : path[..end])}";
    }
}
