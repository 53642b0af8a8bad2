using System.Net;
using System.Text.Json;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>What the agent asks a front door: logins, nonces, access tokens. Redirects are not followed, since credentials would go along.</summary>
internal sealed class DoorClient(Uri url, HttpClient http, TimeProvider time)
{
    /// <summary>The most that is read of an answer, in bytes.</summary>
    private const int MaxReply = 64 * 1024;

    /// <summary>Longer than a front door takes to decide a login.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>A session whose end the front door does not say counts for this long.</summary>
    private static readonly TimeSpan UnknownLife = TimeSpan.FromMinutes(10);

    public Uri Url => url;

    public string Authority => url.Authority;

    /// <summary>Proves an identity and opens a session (RFC 8693; distribution, spec/auth/oauth.md).</summary>
    /// <exception cref="DoorException">Refused, or nobody answers.</exception>
    public async Task<DoorCredential> OpenSession(Proof proof, CancellationToken cancellation)
    {
        var reply = await Post("/token", [.. proof.Fields, new("client_id", TokenClient.NodeAgent), new("access_type", "offline")], cancellation);
        return reply.RefreshToken is { Length: > 0 } session
            ? Session(session, reply)
            : throw new DoorException(DoorFailure.Unavailable, $"{Authority} answered the login without a session: is it a RegistryProxy front door?");
    }

    /// <summary>An access token for a scope, by a session.</summary>
    public async Task<TokenReply> AccessToken(DoorCredential session, string service, string scope, CancellationToken cancellation) => await Post(
        "/token",
        [
            new("grant_type", "refresh_token"), new("refresh_token", session.Password.Reveal()), new("service", service), new("scope", scope),
            new("client_id", TokenClient.NodeAgent),
        ],
        cancellation);

    /// <summary>A nonce that counts once (GET /token/nonce).</summary>
    public async Task<string> Nonce(string authenticator, CancellationToken cancellation)
    {
        var reply = await Send(new HttpRequestMessage(HttpMethod.Get, At(OriginForm.Of("/token/nonce").With("authenticator", authenticator))), cancellation);
        using var json = JsonDocument.Parse(reply);
        return json.RootElement.GetProperty("nonce").GetString() ?? "";
    }

    /// <summary>The session of a reply.</summary>
    public DoorCredential Session(string session, TokenReply reply)
    {
        var now = time.GetUtcNow();
        return new DoorCredential(
            DoorCredential.SessionUser, new Secret(session), now, now + (reply.RefreshExpiresIn is { } seconds ? TimeSpan.FromSeconds(seconds) : UnknownLife));
    }

    /// <summary>Posts a form and reads the token reply.</summary>
    public async Task<TokenReply> Post(string path, IEnumerable<KeyValuePair<string, string>> fields, CancellationToken cancellation) =>
        JsonSerializer.Deserialize(await PostForm(path, fields, cancellation), TokenReplyJson.Default.TokenReply) ?? new TokenReply();

    /// <summary>Posts a form; returns the body of a good answer.</summary>
    public Task<byte[]> PostForm(string path, IEnumerable<KeyValuePair<string, string>> fields, CancellationToken cancellation) =>
        Send(new HttpRequestMessage(HttpMethod.Post, At(OriginForm.Of(path))) { Content = new FormUrlEncodedContent(fields) }, cancellation);

    private Uri At(OriginForm target) => HttpOrigin.Of(url).At(target);

    private async Task<byte[]> Send(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            using var message = request;
            using var response = await http.SendAsync(message, HttpCompletionOption.ResponseContentRead, cancellation);
            var body = await response.Content.ReadAsByteArrayAsync(cancellation);
            return response.IsSuccessStatusCode ? body : throw Failure(response.StatusCode, body);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException || (fault is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new DoorException(DoorFailure.Unavailable, $"the front door {url.Scheme}://{Authority} does not answer: {Words(fault)}");
        }
    }

    private DoorException Failure(HttpStatusCode status, byte[] body)
    {
        var (message, code) = DoorError.Read(body);
        return status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new DoorException(DoorFailure.Refused, message),
            HttpStatusCode.BadRequest or HttpStatusCode.NotFound => new DoorException(DoorFailure.Refused, message, code),
            _ => new DoorException(DoorFailure.Unavailable, $"the front door {Authority} answers {(int)status}: {message}"),
        };
    }

    /// <summary>The innermost words say what happened; the outer ones say only that something did.</summary>
    private static string Words(Exception fault) => fault.InnerException?.Message ?? fault.Message;

    /// <summary>A client for the door, which believes the given authority where there is one.</summary>
    public static HttpClient CreateHttp(string? caFile) =>
        new(DoorTransport.Create(caFile)) { MaxResponseContentBufferSize = MaxReply, Timeout = Timeout };
}
