using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Grains.Upstreams.Secrets;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.TokenServices;

/// <summary>
/// The HTTP of pings and token calls: only redirects on the same origin are followed, 64 KiB, 5 seconds once the name is resolved.
/// </summary>
internal sealed class UpstreamTokenClient(UpstreamNetworks networks, TimeProvider time) : IDisposable
{
    private const int MaxBody = 64 * 1024;

    /// <summary>Redirects that are followed.</summary>
    public const int MaxHops = 3;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly EgressPool _ways = new(
        static settings => new CredentialTracing(new OriginGuard(UpstreamTransport.Create(settings))), time);

    /// <summary>Asks the upstream how it wants to be opened, or whether it takes a credential: its status and challenges.</summary>
    public Task<PingReply> Ping(UpstreamConfiguration upstream, AuthenticationHeaderValue? authorization = null) =>
        Ask(upstream, HttpMethod.Get, OriginForm.Of("/v2/"), authorization);

    /// <summary>The same of one of its repositories, whatever is in that: many upstreams say nothing at their root.</summary>
    public Task<PingReply> Ping(
        UpstreamConfiguration upstream, RepositoryName repository, AuthenticationHeaderValue? authorization = null) =>
        Ask(upstream, HttpMethod.Head, OriginForm.Of($"/v2/{repository}/manifests/latest"), authorization);

    /// <summary>Asks a token endpoint by GET (distribution, spec/auth/token.md); no credentials for an anonymous token.</summary>
    public Task<ExchangeReply> Get(
        Uri realm, string? service, IEnumerable<string> scopes, string username, Secret? password, EgressSettings network)
    {
        var target = OriginForm.Of(realm.PathAndQuery);
        target = service is null ? target : target.With("service", service);
        foreach (var scope in scopes)
        {
            target = target.With("scope", scope);
        }

        return Send(Request(HttpMethod.Get, HttpOrigin.Of(realm), target, password is null ? null : Basic(username, password)),
            network, ReadReply);
    }

    /// <summary>
    /// Asks a token endpoint by POST (distribution, spec/auth/oauth.md): with an identity token, or with a user name and a password.
    /// </summary>
    public Task<ExchangeReply> Post(Uri realm, string? service, IEnumerable<string> scopes, UpstreamSecret secret, EgressSettings network)
    {
        Dictionary<string, string> form = new()
        {
            ["client_id"] = "registryproxy",
            ["scope"] = string.Join(' ', scopes),
        };
        if (service is not null)
        {
            form["service"] = service;
        }

        if (secret.IdentityToken is { } token)
        {
            (form["grant_type"], form["refresh_token"]) = ("refresh_token", token.Reveal());
        }
        else
        {
            (form["grant_type"], form["username"], form["password"]) = ("password", secret.Username, secret.Password!.Reveal());
        }

        return Send(
            Request(HttpMethod.Post, HttpOrigin.Of(realm), OriginForm.Of(realm.PathAndQuery), null, form), network, ReadReply, form);
    }

    public static AuthenticationHeaderValue Basic(string username, Secret password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password.Reveal()}")));

    public void Dispose() => _ways.Dispose();

    private Task<PingReply> Ask(
        UpstreamConfiguration upstream, HttpMethod method, OriginForm target, AuthenticationHeaderValue? authorization) => Send(
        Request(method, HttpOrigin.Of(upstream.Url), target, authorization), networks.Of(upstream),
        (response, _) => Task.FromResult(new PingReply(
            response.StatusCode,
            response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var values)
                ? [.. values.SelectMany(Challenge.ParseAll)] : [],
            RetryAfter.Of(response, time.GetUtcNow()),
            TargetOf(response)?.Origin.ToString(), IsOfOrigin(response))));

    private static HttpRequestMessage Request(
        HttpMethod method, HttpOrigin origin, OriginForm target, AuthenticationHeaderValue? authorization,
        Dictionary<string, string>? form = null)
    {
        var request = OriginGuard.Request(method, origin, target);
        request.Headers.Authorization = authorization;
        request.Content = form is null ? null : new FormUrlEncodedContent(form);
        return request;
    }

    private async Task<T> Send<T>(
        HttpRequestMessage request, EgressSettings network, Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        Dictionary<string, string>? form = null)
    {
        await HostLookup.Wait(request.RequestUri!, network, CancellationToken.None);
        using var timeout = new CancellationTokenSource(Timeout, time);
        for (var hop = 0; ; hop++)
        {
            using var sent = request;
            sent.Headers.UserAgent.ParseAdd("registryproxy");
            using var response = await _ways.For(network).SendAsync(sent, timeout.Token);
            if (hop == MaxHops || Next(sent, response, form) is not { } next)
            {
                return await read(response, timeout.Token);
            }

            request = next;
        }
    }

    /// <summary>
    /// Where a redirect stays on the origin, the same request there; everything else is an answer. A form is sent again where that is asked
    /// for (RFC 9110 §15.4.8): other redirects of a POST make a GET of it.
    /// </summary>
    private static HttpRequestMessage? Next(HttpRequestMessage request, HttpResponseMessage response, Dictionary<string, string>? form) =>
        TargetOf(response) is { Target: { } target } reference && IsOfOrigin(response)
            && (form is null || response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)
            ? Request(request.Method, reference.Origin, target, request.Headers.Authorization, form)
            : null;

    /// <summary>Whether an answer leads to where it came from.</summary>
    private static bool IsOfOrigin(HttpResponseMessage response) =>
        TargetOf(response)?.Origin.Owns(response.RequestMessage!.RequestUri!) == true;

    private static UriReference? TargetOf(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && response.Headers.NonValidated.TryGetValues("Location", out var values) && values.Count == 1
        && UriReference.TryResolve(values.ToString(), response.RequestMessage!.RequestUri!, out var reference)
            ? reference
            : null;

    private async Task<ExchangeReply> ReadReply(HttpResponseMessage response, CancellationToken cancellation)
    {
        var retryAfter = RetryAfter.Of(response, time.GetUtcNow());
        if (!response.IsSuccessStatusCode)
        {
            return new ExchangeReply(response.StatusCode, null, retryAfter, TargetOf(response)?.Origin.ToString(), IsOfOrigin(response));
        }

        var (stream, _) = await EncodedBody.Open(
            await response.Content.ReadAsStreamAsync(cancellation), response.Content.Headers.ContentEncoding, cancellation);
        await using var body = stream;
        var buffer = new byte[MaxBody + 1];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return length > MaxBody
            ? throw new InvalidDataException("the token reply is larger than 64 KiB")
            : new ExchangeReply(response.StatusCode,
                JsonSerializer.Deserialize(
                    EncodedBody.WithoutMark(buffer.AsMemory(0, length)).Span, TokenReplyJson.Default.TokenReply), retryAfter);
    }
}

/// <summary>How an upstream answered a ping.</summary>
/// <param name="Redirect">The origin that it leads to; <c>null</c> for none.</param>
/// <param name="Loops">Whether that is its own one.</param>
internal sealed record PingReply(
    HttpStatusCode Status, IReadOnlyList<Challenge> Challenges, TimeSpan? RetryAfter, string? Redirect, bool Loops);

/// <summary>How a token endpoint answered.</summary>
/// <param name="Redirect">The origin that it leads to; <c>null</c> for none.</param>
/// <param name="Loops">Whether that is its own one.</param>
internal sealed record ExchangeReply(
    HttpStatusCode Status, TokenReply? Token, TimeSpan? RetryAfter, string? Redirect = null, bool Loops = false);
