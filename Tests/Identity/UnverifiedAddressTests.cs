using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>An address that nobody verified names nobody (OpenID Connect Core 1.0 §5.7).</summary>
public sealed class UnverifiedAddressTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();

    public void Dispose() => _authenticators.Dispose();

    [Theory]
    [InlineData(true, true)]
    [InlineData("true", true)]
    [InlineData(false, false)]
    [InlineData("false", false)]
    [InlineData("yes", false)]
    [InlineData(1, false)]
    [InlineData(null, false)]
    public async Task Who_is_named_by_an_address_has_a_verified_one(object? verified, bool isProved)
    {
        await using var issuer = await TestIssuer.Start();
        foreach (var claim in new[] { "email", "phone_number" })
        {
            var verdict = await Verify(issuer, $"subjectClaim: {claim}, allowAnySubject: true", claim, verified);
            Assert.Equal(isProved ? "alice@acme.example" : null, verdict.Identity?.Subject);
            Assert.Equal(isProved ? "" : $"claim {claim} is not verified", verdict.Message);
        }
    }

    [Fact]
    public async Task An_address_that_the_token_says_is_not_verified_is_no_claim()
    {
        await using var issuer = await TestIssuer.Start();
        var refused = await Verify(issuer, "require: { email: \"*@acme.example\" }", "email", false);
        Assert.Equal("claim email is not verified", refused.Reason);
        Assert.False((await Verify(issuer, "allowAnySubject: true", "email", false)).Identity!.Claims.ContainsKey("email"));
        Assert.Empty((await Verify(issuer, "allowAnySubject: true, groupsClaim: email", "email", false)).Identity!.Groups);
        foreach (var verified in new object?[] { true, null })
        {
            var verdict = await Verify(issuer, "require: { email: \"*@acme.example\" }", "email", verified);
            Assert.Equal("alice@acme.example", verdict.Identity!.Claims["email"]);
        }
    }

    private async Task<Verdict> Verify(TestIssuer issuer, string how, string claim, object? verified)
    {
        var authenticator = (ITokenAuthenticator)_authenticators.Create(
            $"{{ type: oidc, issuer: \"{issuer.Url}\", audience: registryproxy, allowPrivate: true, {how} }}");
        Dictionary<string, object> payload = new()
        {
            ["iss"] = issuer.Url, ["aud"] = "registryproxy", ["sub"] = "17", [claim] = "alice@acme.example",
            ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
        };
        if (verified is not null)
        {
            payload[$"{claim}_verified"] = verified;
        }

        return await authenticator.Verify(
            new PresentedCredential("acme", new Secret(issuer.Sign(payload))), TestContext.Current.CancellationToken);
    }
}
