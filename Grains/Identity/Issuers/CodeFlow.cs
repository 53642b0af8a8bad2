using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>The authorization code flow with PKCE against one provider (OpenID Connect Core 1.0 §3.1, RFC 7636).</summary>
internal sealed class CodeFlow(OidcConfiguration configuration, InteractiveLoginConfiguration people, Func<IssuedToken, Verdict> identify,
    Func<EgressSettings> network, TimeProvider time, ServiceOutages.ServiceOutage? server, AuthenticatorSecrets? secrets) : IDisposable
{
    private const int MaxBody = 64 * 1024;

    /// <summary>What the provider is asked, for operators.</summary>
    private const string Question = "token";

    /// <summary>How old a login may be that is for the administration of a tenant, in seconds: 14 minutes.</summary>
    private const string Recent = "840";

    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly IssuedTokenVerifier _verifier = new(
        configuration with { Audience = people.ClientId }, network, time, server, IssuedTokenVerifier.AnySignature);
    private readonly IssuerEndpoints _endpoints = new(configuration, network, time, server);
    private readonly EgressPool _ways = new(static settings => new OriginGuard(UpstreamTransport.Create(settings)), time);

    /// <summary>The issuer and who asks it: a login that began under another configuration ends.</summary>
    public string Provider { get; } = ShortHash.Of(configuration.Issuer, people.ClientId);

    /// <summary>Why the provider could not be asked; for operators.</summary>
    public string Problem => _endpoints.Problem;

    /// <summary>Where the browser goes; <c>null</c> when the provider cannot be asked.</summary>
    public async ValueTask<Uri?> AddressOf(LoginFlow flow, CancellationToken cancellation)
    {
        if (await _endpoints.Find(cancellation) is not { } endpoints)
        {
            return null;
        }

        var message = new OpenIdConnectMessage
        {
            IssuerAddress = endpoints.Authorization.AbsoluteUri,
            ClientId = people.ClientId,
            ResponseType = "code",
            Scope = string.Join(' ', people.Scopes),
            RedirectUri = flow.Callback,
            State = flow.State,
            Nonce = flow.Nonce,
            Prompt = flow.Administers ? OpenIdConnectPrompt.Login : null,
            MaxAge = flow.Administers ? Recent : null,
        };
        message.SetParameter("code_challenge", flow.Challenge);
        message.SetParameter("code_challenge_method", "S256");
        return new Uri(message.BuildRedirectUrl());
    }

    /// <summary>
    /// Exchanges the code for an ID token and makes an identity of it. It is proved by a login, so it does not end with the token.
    /// </summary>
    /// <param name="flow">The login.</param>
    /// <param name="code">What the browser brought.</param>
    /// <param name="callback">Where it brought it.</param>
    /// <param name="sender">Who sent the browser, by <c>iss</c>: a code of one provider is shown to no other (RFC 9207 §2.4). Empty when it
    /// does not say; <c>null</c> from a gateway that does not look.</param>
    /// <param name="cancellation">Ends when nobody waits any more.</param>
    public async ValueTask<Verdict> Redeem(
        LoginFlow flow, Secret code, string callback, string? sender, CancellationToken cancellation)
    {
        if (sender is { Length: > 0 } && sender != configuration.Issuer)
        {
            return FromAnother;
        }

        if (await _endpoints.Find(cancellation) is not { } endpoints)
        {
            return NotNow;
        }

        if (endpoints.NamesItself && sender is { Length: 0 })
        {
            return FromAnother;
        }

        try
        {
            var (token, refusal) = await Exchange(endpoints.Token, flow, code, callback, cancellation);
            return token is null ? refusal!
                : await _verifier.Verify(token, issued => Identify(issued, flow, endpoints.SaysWhen), cancellation);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException
            && !cancellation.IsCancellationRequested)
        {
            server?.Failed(fault, Question);
            return NotNow;
        }
        catch (SecretUnavailableException fault)
        {
            server?.Failed(new ExchangeFault("configuration", $"clientSecret: {fault.Message}"), Question);
            return Verdict.Unavailable($"clientSecret of '{configuration.Name}': {fault.WithoutName}");
        }
    }

    public void Dispose()
    {
        _verifier.Dispose();
        _endpoints.Dispose();
        _ways.Dispose();
    }

    private Secret? ClientSecret => people.ClientSecret is not { } source ? null
        : secrets is null ? source.Read()
        : secrets.Read(LastingSecrets.ClientSecret, (configuration.Stamp, configuration.Issuer, people.ClientId, source), source);

    private Verdict FromAnother => Verdict.Refused(
        $"the provider that sent you back is not the one of '{configuration.Name}', where this login began; nothing was shown to either");

    private Verdict NotNow => Verdict.Unavailable($"the provider of '{configuration.Name}' does not answer now");

    private Verdict Identify(IssuedToken token, LoginFlow flow, bool saysWhen)
    {
        if (token.Text("nonce") != flow.Nonce || (token.Text("azp") is { } party && party != people.ClientId))
        {
            return Verdict.Refused("the ID token belongs to another login");
        }

        if (flow.Administers && saysWhen && token.Text("auth_time") is null)
        {
            return Verdict.Refused(
                "the ID token does not say when you logged in, which administration needs: whoever runs the provider has to have it put " +
                "auth_time into ID tokens (Entra: Token configuration, optional claims)");
        }

        var verdict = identify(token);
        return verdict.Identity is { } identity ? Verdict.Proved(identity with { Expires = null }) : verdict;
    }

    private async ValueTask<(Secret? Token, Verdict? Refusal)> Exchange(
        Uri address, LoginFlow flow, Secret code, string callback, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using var request = Request(address, flow, code, callback);
        using var response = await _ways.For(network()).SendAsync(request, either.Token);
        using var body = Parse(await response.Content.ReadBytes(MaxBody, either.Token));
        var error = Text(body, "error") is { Length: < 64 } said ? said : "";
        if ((int)response.StatusCode >= 500 || response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
            || error is "temporarily_unavailable" or "server_error")
        {
            throw new HttpRequestException($"it answers {(int)response.StatusCode}", null, response.StatusCode);
        }

        if (error is "invalid_client" or "unauthorized_client" || (response.StatusCode == HttpStatusCode.Unauthorized && error.Length == 0))
        {
            server?.Failed(new ExchangeFault("answer", "it does not take clientId and clientSecret"), Question);
            return (null, Verdict.Unavailable(
                $"the provider of '{configuration.Name}' does not take the clientId or clientSecret of this registry; tell its operator"));
        }

        server?.Answered(Question);

        return response.IsSuccessStatusCode && Text(body, "id_token") is { } token
            ? (new Secret(token), null)
            : (null, Verdict.Refused(
                $"the provider of '{configuration.Name}' refused the login{(error.Length > 0 ? $": {error}" : "")}"));
    }

    private HttpRequestMessage Request(Uri address, LoginFlow flow, Secret code, string callback)
    {
        var fields = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code", ["code"] = code.Reveal(), ["redirect_uri"] = callback, ["code_verifier"] = flow.Verifier,
        };
        var request = OriginGuard.Request(HttpMethod.Post, HttpOrigin.Of(address), OriginForm.Of(address.PathAndQuery));
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.UserAgent.ParseAdd("registryproxy");
        if (ClientSecret is { } secret)
        {
            // RFC 6749 §2.3.1: both parts form-encoded before they are joined.
            var pair = $"{Uri.EscapeDataString(people.ClientId)}:{Uri.EscapeDataString(secret.Reveal())}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes(pair)));
        }
        else
        {
            fields["client_id"] = people.ClientId;
        }

        request.Content = new FormUrlEncodedContent(fields);
        return request;
    }

    private static JsonDocument? Parse(byte[] body)
    {
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonDocument? body, string name) =>
        body?.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
