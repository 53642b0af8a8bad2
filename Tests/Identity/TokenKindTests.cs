using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>Not every signed text of an issuer is a login (RFC 7515 §4.1.11, RFC 7518 §3.3, RFC 8725 §3.11).</summary>
public sealed class TokenKindTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();

    public void Dispose() => _authenticators.Dispose();

    [Theory]
    [InlineData("", 2048, true)]
    [InlineData(",\"typ\":\"JWT\"", 2048, true)]
    [InlineData(",\"typ\":\"at+jwt\"", 2048, true)]
    [InlineData(",\"typ\":\"application/at+jwt\"", 2048, true)]
    [InlineData(",\"typ\":\"logout+jwt\"", 2048, false)]
    [InlineData(",\"typ\":\"SECEVENT+JWT\"", 2048, false)]
    [InlineData(",\"crit\":[\"exp\"]", 2048, false)]
    [InlineData(",\"crit\":[]", 2048, false)]
    [InlineData("", 1024, false)]
    public async Task A_token_counts_as_what_it_is(string header, int bits, bool isProved)
    {
        using var rsa = RSA.Create(bits);
        using var strong = RSA.Create(2048);
        _authenticators.Write("jwks.json", JsonSerializer.Serialize(new { keys = new[] { Entry("k1", rsa), Entry("k2", strong) } }));
        var authenticator = (ITokenAuthenticator)_authenticators.Create(
            "{ type: oidc, issuer: \"https://idp.example\", audience: a, allowAnySubject: true, jwks: { file: jwks.json } }");
        var signed = $"{Encode($$"""{"alg":"RS256","kid":"k1"{{header}}}""")}." + Encode(JsonSerializer.Serialize(
            new { iss = "https://idp.example", aud = "a", sub = "s", exp = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300 }));
        var signature = rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var verdict = await authenticator.Verify(
            new PresentedCredential("acme", new Secret($"{signed}.{Base64UrlEncoder.Encode(signature)}")),
            TestContext.Current.CancellationToken);
        Assert.Equal(isProved ? VerdictKind.Proved : VerdictKind.Refused, verdict.Kind);
    }

    private static object Entry(string name, RSA rsa)
    {
        var key = rsa.ExportParameters(false);
        return new { kty = "RSA", kid = name, n = Base64UrlEncoder.Encode(key.Modulus), e = Base64UrlEncoder.Encode(key.Exponent) };
    }

    private static string Encode(string text) => Base64UrlEncoder.Encode(text);
}
