using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace RegistryProxy.Benchmarks.Cluster;

/// <summary>Signs service account tokens as a Kubernetes cluster does.</summary>
internal sealed class NodeIssuer
{
    public const string Name = "https://k8s.bench.example";

    private readonly RsaSecurityKey _key = new(RSA.Create(2048)) { KeyId = "k1" };

    public string KeySet
    {
        get
        {
            var key = _key.Rsa.ExportParameters(false);
            return JsonSerializer.Serialize(new
            {
                keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = "k1", n = Base64UrlEncoder.Encode(key.Modulus),
                    e = Base64UrlEncoder.Encode(key.Exponent) } },
            });
        }
    }

    /// <summary>A token of the account <paramref name="account"/>, which is its own subject.</summary>
    public string Sign(string account) => new JsonWebTokenHandler().CreateToken(
        JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["iss"] = Name, ["aud"] = "registry", ["sub"] = $"system:serviceaccount:bench:{account}",
            ["exp"] = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 3600,
            ["kubernetes.io"] = new { @namespace = "bench", serviceaccount = new { name = account, uid = account } },
        }),
        new SigningCredentials(_key, "RS256"));
}
