using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Makes access tokens of every kind, right and wrong, without the product's own writer.</summary>
internal sealed class AccessTokenForge : IDisposable
{
    public const string GoodHeader = """{"alg":"ES256","typ":"registry+jwt","kid":"k1"}""";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TokenKey PublicKey
    {
        get
        {
            var point = _key.ExportParameters(false).Q;
            return new TokenKey("k1", Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        }
    }

    public static string GoodPayload(string subject = "alice", long iat = 1000, long exp = 1900) =>
        $$"""{"iss":"registryproxy:acme","sub":"{{subject}}","aud":"docker.acme.example","iat":{{iat}},"nbf":{{iat}},"exp":{{exp}},"jti":"1","access":[{"type":"repository","name":"team/app","actions":["pull"]}],"sid":"s1","gen":3,"idp":"staff"}""";

    public string Sign(string header, string payload)
    {
        var text = $"{Encode(header)}.{Encode(payload)}";
        return $"{text}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public void Dispose() => _key.Dispose();
}
