using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Benchmarks;

/// <summary>An access token as the front door signs it, and the snapshot under which it is good.</summary>
internal static class BenchmarkToken
{
    private const string Header = """{"alg":"ES256","typ":"registry+jwt","kid":"k1"}""";

    public static (GatewaySnapshot Snapshot, string Authorization) Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(false).Q;
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var payload =
            $$"""{"iss":"registryproxy:acme","sub":"alice","aud":"docker.acme.example","iat":{{now}},"nbf":{{now}},"exp":{{now + 900}},"jti":"1","access":[{"type":"repository","name":"team-a/deep/app","actions":["pull"]}],"sid":"s1","gen":3,"idp":"staff"}""";
        var text = $"{Encode(Header)}.{Encode(payload)}";
        var signature = Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256));
        var snapshot = new GatewaySnapshot
        {
            Version = "1",
            ConfigurationVersion = "1",
            Keys = [new TokenKey("k1", Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y))],
            UploadKeys = [],
            AccessLifetime = TimeSpan.FromMinutes(15),
            Upstreams = [],
            Tenants = [new TenantSnapshot
            {
                Name = "acme", Hosts = ["docker.acme.example"], PublicUrl = "https://docker.acme.example", AnonymousRules = [], Routes = [],
                Namespaces = new Dictionary<string, string>()
            }],
        };
        return (snapshot, $"Bearer {text}.{signature}");
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
