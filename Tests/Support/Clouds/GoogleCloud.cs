using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>
/// A stand-in for Google's metadata server, OAuth 2 token endpoint (JWT bearer assertions, checked), STS and IAM credentials. Its access
/// tokens are what a registry takes as the password of <c>oauth2accesstoken</c>.
/// </summary>
internal sealed class GoogleCloud : IAsyncDisposable
{
    public const string User = "oauth2accesstoken";
    public const string Token = "ya29.google-canary-token";
    public const string Account = "pull@acme.iam.gserviceaccount.com";
    public const string SubjectToken = "subject-canary-token";
    public const string Pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q";

    private const string Scope = "https://www.googleapis.com/auth/cloud-platform";
    private const string Federated = "federated-canary-token";

    private readonly RSA _key = RSA.Create(2048);
    private RecordingUpstream _server = null!;

    public string Url => _server.Url;

    /// <summary>Blanks behind every answer.</summary>
    public int Padding
    {
        set => _server.Padding = value;
    }

    /// <summary>What was asked: <c>metadata</c>, <c>oauth2</c>, <c>sts</c>, <c>iam</c>.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    public int? Away { get; set; }

    /// <summary>Whether the metadata server says that it is Google's.</summary>
    public bool Flavored { get; set; } = true;

    /// <summary>Seconds that tokens say they live.</summary>
    public int Life { get; set; } = 3599;

    public static async Task<GoogleCloud> Start()
    {
        var cloud = new GoogleCloud();
        cloud._server = await RecordingUpstream.Start(cloud.Serve);
        return cloud;
    }

    /// <summary>A key file of the account, with its own key or another one.</summary>
    public string KeyFile(bool wrong = false)
    {
        using var other = RSA.Create(2048);
        return JsonSerializer.Serialize(new
        {
            type = "service_account", project_id = "acme", private_key_id = "k1",
            private_key = (wrong ? other : _key).ExportPkcs8PrivateKeyPem(),
            client_email = Account, client_id = "1", token_uri = "https://oauth2.googleapis.com/token",
        });
    }

    /// <summary>A configuration of workload identity federation, with a subject token in a file.</summary>
    public static string FederationFile(string subject, bool impersonate) => JsonSerializer.Serialize(new Dictionary<string, object?>
    {
        ["type"] = "external_account", ["audience"] = Pool, ["subject_token_type"] = "urn:ietf:params:oauth:token-type:jwt",
        ["token_url"] = "https://sts.googleapis.com/v1/token", ["credential_source"] = new { file = subject },
        ["service_account_impersonation_url"] = impersonate
            ? $"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{Account}:generateAccessToken" : null,
    }.Where(pair => pair.Value is not null).ToDictionary());

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _key.Dispose();
    }

    private async Task Serve(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        var service = path switch
        {
            "/computeMetadata/v1/instance/service-accounts/default/token" => "metadata",
            "/token" => "oauth2",
            "/v1/token" => "sts",
            $"/v1/projects/-/serviceAccounts/{Account}:generateAccessToken" => "iam",
            _ => "unknown",
        };
        Calls.Enqueue(service);
        context.Response.ContentType = "application/json";
        if (Away is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        if (service == "metadata" && Flavored)
        {
            context.Response.Headers["Metadata-Flavor"] = "Google";
        }

        var token = service switch
        {
            "metadata" when context.Request.Method == "GET" && context.Request.Headers["Metadata-Flavor"] == "Google" => Token,
            "oauth2" when context.Request.Method == "POST" && IsSigned(await context.Request.ReadFormAsync()) => Token,
            "sts" when context.Request.Method == "POST" => Exchange(await context.Request.ReadFormAsync()),
            "iam" when context.Request.Headers.Authorization == $"Bearer {Federated}" && context.Request.Method == "POST" => Token,
            _ => null,
        };
        context.Response.StatusCode = token is null ? (service == "metadata" ? 403 : 400) : 200;
        await context.Response.WriteAsync(token is null
            ? """{"error":"invalid_grant","error_description":"canary words of Google"}"""
            : service == "iam"
                ? JsonSerializer.Serialize(
                    new { accessToken = token, expireTime = DateTimeOffset.UtcNow.AddSeconds(Life).ToString("yyyy-MM-ddTHH:mm:ssZ") })
                : JsonSerializer.Serialize(
                    new { access_token = token, expires_in = Life, token_type = "Bearer",
                        issued_token_type = "urn:ietf:params:oauth:token-type:access_token" }));
    }

    /// <summary>RFC 7523 as Google has it: RS256 by the account's key, for this endpoint, for an hour at most.</summary>
    private bool IsSigned(IFormCollection form)
    {
        if (form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer")
        {
            return false;
        }

        var result = new JsonWebTokenHandler().ValidateTokenAsync(form["assertion"].ToString(), new TokenValidationParameters
        {
            ValidIssuer = Account, ValidAudience = "https://oauth2.googleapis.com/token", IssuerSigningKey = new RsaSecurityKey(_key),
            ValidAlgorithms = ["RS256"],
        }).GetAwaiter().GetResult();
        return result is { IsValid: true, SecurityToken: JsonWebToken jwt } && jwt.Kid == "k1"
            && jwt.ValidTo - jwt.IssuedAt <= TimeSpan.FromHours(1)
            && result.Claims["scope"] as string == Scope;
    }

    private static string? Exchange(IFormCollection form) =>
        form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange" && form["audience"] == Pool
            && form["subject_token"] == SubjectToken
        && form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt"
        && form["requested_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
            ? form["scope"] == Scope ? Token : Federated
            : null;
}
