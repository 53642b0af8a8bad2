using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>An issuer of signed tokens with discovery and a key set; it may be told to fail.</summary>
internal sealed class TestIssuer : IAsyncDisposable
{
    private RSA _rsa = RSA.Create(2048);
    private RecordingUpstream _server = null!;

    public string Url => _server.Url;

    public string KeyId { get; private set; } = "k1";

    public bool Away { get; set; }

    /// <summary>What the discovery document calls itself; the truth when <c>null</c>.</summary>
    public string? Claims { get; set; }

    public int KeyFetches => _server.Requests.Count(request => request.Target == "/keys");

    public string KeySet
    {
        get
        {
            var key = _rsa.ExportParameters(false);
            return JsonSerializer.Serialize(new
            {
                keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = KeyId, n = Base64UrlEncoder.Encode(key.Modulus),
                    e = Base64UrlEncoder.Encode(key.Exponent) } },
            });
        }
    }

    public RsaSecurityKey Key => new(_rsa) { KeyId = KeyId };

    public static async Task<TestIssuer> Start()
    {
        var issuer = new TestIssuer();
        issuer._server = await RecordingUpstream.Start(issuer.Serve);
        return issuer;
    }

    /// <summary>Has another key from now on.</summary>
    public void Turn(string keyId)
    {
        _rsa.Dispose();
        (_rsa, KeyId) = (RSA.Create(2048), keyId);
    }

    /// <summary>Signs a payload that is written as it stands.</summary>
    public string Sign(object payload, SecurityKey? key = null, string algorithm = "RS256") =>
        new JsonWebTokenHandler().CreateToken(JsonSerializer.Serialize(payload), new SigningCredentials(key ?? Key, algorithm));

    public ValueTask DisposeAsync()
    {
        _rsa.Dispose();
        return _server.DisposeAsync();
    }

    private Task Serve(HttpContext context)
    {
        if (Away)
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(context.Request.Path.Value switch
        {
            "/.well-known/openid-configuration" => JsonSerializer.Serialize(new { issuer = Claims ?? Url, jwks_uri = $"{Url}/keys" }),
            "/keys" => KeySet,
            _ => "{}",
        });
    }
}
