using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Identity.Issuers;
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

    private void Create(int keys)
    {
        var point = _key.ExportParameters(false).Q;
        _authenticators.Write("keys.json", JsonSerializer.Serialize(new
        {
            keys = Enumerable.Range(0, keys).Select(i => new
            {
                kty = "EC", crv = "P-256", kid = $"k{i}", x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y),
            }),
        }));
        _authenticators.Create(
            "{ type: oidc, issuer: \"https://idp.example\", audience: x, allowAnySubject: true, jwks: { file: keys.json } }");
    }
}
