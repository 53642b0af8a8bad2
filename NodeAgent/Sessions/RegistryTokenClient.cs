using System.Net;
using System.Text.Json;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>
/// What the agent asks a front door: logins, nonces, access tokens. Redirects are not followed, since credentials would go along.
/// </summary>
internal sealed class RegistryTokenClient(Uri url, HttpClient http, TimeProvider time)
{
    /// <summary>The longest answer, in bytes.</summary>
    public const int MaxReply = 64 * 1024;

    /// <summary>Longer than a front door takes to decide a login.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>A session whose end the front door does not say counts for this long.</summary>
    private static readonly TimeSpan UnknownLife = TimeSpan.FromMinutes(10);

    public Uri Url => url;

    /// <summary>Its host, and its port where that is not the usual one.</summary>
    public string Authority { get; } = HttpOrigin.Of(url).Authority;

    /// <summary>Proves an identity and opens a session (RFC 8693; distribution, spec/auth/oauth.md).</summary>
    public async Task<Outcome<RegistryCredential>> OpenSession(Proof proof, CancellationToken cancellation)
    {
        var answer = await Post(
            "/token", [.. proof.Fields, new("client_id", TokenClient.NodeAgent), new("access_type", "offline")], cancellation);
        if (!answer.Succeeded(out var reply, out var failure))
        {
            return failure;
        }

        return reply.RefreshToken is { Length: > 0 } session
            ? Session(session, reply)
            : RegistryFailure.Unavailable($"{Authority} answered the login without a session: is it a RegistryProxy?");
    }

    /// <summary>An access token for a scope, by a session.</summary>
    public Task<Outcome<TokenReply>> AccessToken(
        RegistryCredential session, string service, string scope, CancellationToken cancellation) =>
        Post(
        "/token",
        [
            new("grant_type", "refresh_token"), new("refresh_token", session.Password.Reveal()), new("service", service),
            new("scope", scope),
            new("client_id", TokenClient.NodeAgent),
        ],
        cancellation);

    /// <summary>A nonce that counts once (GET /token/nonce).</summary>
    public async Task<Outcome<string>> Nonce(string authenticator, CancellationToken cancellation)
    {
        var target = OriginForm.Of("/token/nonce").With("authenticator", authenticator);
        var answer = await Send(new HttpRequestMessage(HttpMethod.Get, At(target)), cancellation);
        if (!answer.Succeeded(out var body, out var failure))
        {
            return failure;
        }

        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.GetProperty("nonce").GetString() ?? "";
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return NoFrontDoor();
        }
    }

    /// <summary>The session of a reply.</summary>
    public RegistryCredential Session(string session, TokenReply reply)
    {
        var now = time.GetUtcNow();
        return new RegistryCredential(
            TokenFields.SessionUser, new Secret(session), now,
            now + (reply.RefreshExpiresIn is { } seconds ? TimeSpan.FromSeconds(seconds) : UnknownLife));
    }

    /// <summary>Posts a form and reads the token reply.</summary>
    public async Task<Outcome<TokenReply>> Post(
        string path, IEnumerable<KeyValuePair<string, string>> fields, CancellationToken cancellation)
    {
        var answer = await PostForm(path, fields, cancellation);
        if (!answer.Succeeded(out var body, out var failure))
        {
            return failure;
        }

        try
        {
            return JsonSerializer.Deserialize(body, TokenReplyJson.Default.TokenReply) ?? new TokenReply();
        }
        catch (JsonException)
        {
            return NoFrontDoor();
        }
    }

    /// <summary>Posts a form; returns the body of a good answer.</summary>
    public Task<Outcome<byte[]>> PostForm(string path, IEnumerable<KeyValuePair<string, string>> fields, CancellationToken cancellation) =>
        Send(
            new HttpRequestMessage(HttpMethod.Post, At(OriginForm.Of(path))) { Content = new FormUrlEncodedContent(fields) }, cancellation);

    /// <summary>A page of a proxy or of a load balancer, say, as a good answer.</summary>
    private RegistryFailure NoFrontDoor() =>
        RegistryFailure.Unavailable($"{Authority} sent an invalid response: is it a RegistryProxy?");

    private Uri At(OriginForm target) => HttpOrigin.Of(url).At(target);

    private async Task<Outcome<byte[]>> Send(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            using var message = request;
            using var response = await http.SendAsync(message, HttpCompletionOption.ResponseContentRead, cancellation);
            var body = await response.Content.ReadBytes(MaxReply, cancellation);
            return response.IsSuccessStatusCode ? body : Failure(response.StatusCode, body);
        }
        catch (AuthorityException fault)
        {
            return RegistryFailure.Unavailable($"ca of {url.Scheme}://{Authority}: {fault.Message}");
        }
        catch (Exception fault) when (
            fault is HttpRequestException or IOException || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return RegistryFailure.Unavailable($"the front door {url.Scheme}://{Authority} does not answer: {Words(fault)}");
        }
    }

    private RegistryFailure Failure(HttpStatusCode status, byte[] body)
    {
        var (message, code, isOfFrontDoor) = RegistryError.Read(body);
        return status switch
        {
            < HttpStatusCode.InternalServerError when !isOfFrontDoor => RegistryFailure.Unavailable(
                $"what answers at {Authority} is no RegistryProxy ({(int)status} without the error of one): a proxy or load "
                    + "balancer before it, perhaps"),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => RegistryFailure.Refused(message),
            HttpStatusCode.BadRequest or HttpStatusCode.NotFound => RegistryFailure.Refused(message, code),
            _ => RegistryFailure.Unavailable($"the front door {Authority} answers {(int)status}: {message}"),
        };
    }

    /// <summary>The innermost words say what happened; the outer ones say only that something did.</summary>
    private static string Words(Exception fault) => fault.InnerException?.Message ?? fault.Message;

    /// <summary>A client for the registry, which believes the given authority where there is one.</summary>
    public static HttpClient CreateHttp(string? caFile) =>
        WholeAnswers.Client(RegistryTransport.Create(caFile), MaxReply, Timeout);
}
