using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>Signs access tokens that a real docker-registry with <c>auth: token</c> takes (distribution, spec/auth/jwt.md).</summary>
internal sealed class DistributionSigner : IDisposable
{
    public const string Issuer = "tests";

    private readonly X509Certificate2 _certificate = SignedDocuments.SelfSigned("registry-tokens", authority: true);

    /// <summary>The certificate that the registry must trust, in PEM.</summary>
    public string Trusted => _certificate.ExportCertificatePem();

    /// <summary>A token for scopes such as <c>repository:a/b:pull,push</c>.</summary>
    public string Sign(string audience, IEnumerable<string> scopes, DateTimeOffset expires)
    {
        var now = DateTimeOffset.UtcNow;
        var access = scopes.Select(scope => scope.Split(':')).Where(parts => parts.Length == 3)
            .Select(parts => new { type = parts[0], name = parts[1], actions = parts[2].Split(',') });
        var payload = JsonSerializer.Serialize(new
        {
            iss = Issuer, sub = "front-door", aud = audience, access, jti = Guid.NewGuid().ToString("N"),
            iat = now.ToUnixTimeSeconds(), nbf = now.AddSeconds(-10).ToUnixTimeSeconds(), exp = expires.ToUnixTimeSeconds(),
        });
        return new JsonWebTokenHandler().CreateToken(
            payload, new SigningCredentials(new X509SecurityKey(_certificate), SecurityAlgorithms.RsaSha256),
            new Dictionary<string, object> { ["x5c"] = new[] { Convert.ToBase64String(_certificate.RawData) } });
    }

    public void Dispose() => _certificate.Dispose();
}
