using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Issuers;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>How many keys an issuer may have: a token that names none is tried with each.</summary>
public sealed class IssuerKeyBoundsTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        _authenticators.Dispose();
        _key.Dispose();
    }

    [Fact]
    public void A_file_of_too_many_keys_is_refused()
    {
        Create(IssuerKeys.MaxKeys);
        var fault = Assert.ThrowsAny<Exception>(() => Create(IssuerKeys.MaxKeys + 1));
        Assert.Contains($"{IssuerKeys.MaxKeys}", fault.Message);
    }

    /// <summary>Of a tenant's issuer with many costly keys a stranger needs a token that names none.</summary>
    [Theory]
    [InlineData(IssuerKeys.MaxTried, null, "the signature of the token is not one of the issuer's")]
    [InlineData(IssuerKeys.MaxKeys, null, "names no key of its issuer")]
    [InlineData(IssuerKeys.MaxKeys, "of-nobody", "names no key of its issuer")]
    [InlineData(IssuerKeys.MaxKeys, "k7", "the signature of the token is not one of the issuer's")]
    public async Task A_token_that_names_no_key_is_tried_with_a_few(int keys, string? keyId, string reason)
    {
        var authenticator = (ITokenAuthenticator)Create(keys);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Contains(reason, await Verify(authenticator, other, keyId));
    }

    [Theory]
    [InlineData(IssuerKeys.MaxTried, null, true)]
    [InlineData(IssuerKeys.MaxTried, "k3", true)]
    [InlineData(IssuerKeys.MaxTried, "of-nobody", true)]
    [InlineData(IssuerKeys.MaxKeys, "k99", true)]
    [InlineData(IssuerKeys.MaxKeys, null, false)]
    public async Task A_token_of_the_issuer_is_good(int keys, string? keyId, bool isGood)
    {
        var authenticator = (ITokenAuthenticator)Create(keys);
        Assert.Equal(isGood, await Verify(authenticator, _key, keyId) == "");
    }

    [Fact]
    public void Keys_of_another_algorithm_are_not_counted()
    {
        using var rsa = RSA.Create(2048);
        using var long384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        SecurityKey[] keys = [.. Enumerable.Range(0, 50).Select(_ => new ECDsaSecurityKey(long384)),
            .. Enumerable.Range(0, 49).Select(_ => new RsaSecurityKey(rsa)), new ECDsaSecurityKey(_key)];
        Assert.Same(keys[^1], Assert.Single(IssuerKeys.Candidates(keys, null, "ES256")!));
        Assert.Null(IssuerKeys.Candidates(keys, null, "ES384"));
        Assert.Null(IssuerKeys.Candidates(keys, null, "PS256"));
        Assert.Empty(IssuerKeys.Candidates(keys, null, "ES512")!);
    }

    private static async Task<string> Verify(ITokenAuthenticator authenticator, ECDsa key, string? keyId)
    {
        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = "https://idp.example", Audience = "x", Expires = DateTime.UtcNow.AddHours(1),
            Claims = new Dictionary<string, object> { ["sub"] = "me" },
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key) { KeyId = keyId }, SecurityAlgorithms.EcdsaSha256),
        });
        var verdict = await authenticator.Verify(new PresentedCredential("acme", new Secret(token)), TestContext.Current.CancellationToken);
        return verdict.Kind == VerdictKind.Proved ? "" : $"{verdict.Reason}{verdict.Message}";
    }

    private IAuthenticator Create(int keys)
    {
        var point = _key.ExportParameters(false).Q;
        _authenticators.Write("keys.json", JsonSerializer.Serialize(new
        {
            keys = Enumerable.Range(0, keys).Select(i => new
            {
                kty = "EC", crv = "P-256", kid = $"k{i}", x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y),
            }),
        }));
        return _authenticators.Create(
            "{ type: oidc, issuer: \"https://idp.example\", audience: x, allowAnySubject: true, jwks: { file: keys.json } }");
    }
}
