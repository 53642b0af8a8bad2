using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>What a configuration requires by now is required of who has a session, too.</summary>
public sealed class RequiredClaimTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();

    public void Dispose() => _authenticators.Dispose();

    [Theory]
    [InlineData("hd: acme.example", true)]
    [InlineData("hd: [other.example, acme.example]", true)]
    [InlineData("hd: other.example", false)]
    [InlineData("groups: [dev, ops]", true)]
    [InlineData("groups: [ops]", false)]
    [InlineData("roles: [reader]", true)]
    [InlineData("roles: [reader, writer]", true)]
    [InlineData("roles: [writer]", false)]
    [InlineData("email_verified: \"true\"", false)]
    [InlineData("departments: [it]", false)]
    public async Task A_session_ends_when_what_was_proved_is_not_enough_any_more(string require, bool stays)
    {
        await using var issuer = await TestIssuer.Start();
        var verdict = await Oidc(issuer, "hd: acme.example, roles: [reader]").Verify(
            new PresentedCredential("acme", new Secret(issuer.Sign(new Dictionary<string, object>
            {
                ["iss"] = issuer.Url, ["aud"] = "a", ["sub"] = "alice", ["hd"] = "acme.example", ["groups"] = new[] { "dev" },
                ["roles"] = new[] { "reader", "guest" }, ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
            }))),
            TestContext.Current.CancellationToken);
        Assert.Equal(stays, Oidc(issuer, require).Allows(verdict.Identity!));
    }

    [Fact]
    public async Task What_was_proved_before_its_lists_were_kept_is_compared_as_far_as_it_goes()
    {
        await using var issuer = await TestIssuer.Start();
        var former = new VerifiedIdentity("it", "alice", ["dev"], new Dictionary<string, string> { ["hd"] = "acme.example" }, "");
        Assert.True(Oidc(issuer, "hd: acme.example, roles: [reader]").Allows(former));
        Assert.False(Oidc(issuer, "hd: other.example").Allows(former));
        Assert.False(Oidc(issuer, "groups: [ops]").Allows(former));
    }

    [Theory]
    [InlineData("sub: \"system:serviceaccount:prod:*\"", true)]
    [InlineData("sub: \"system:serviceaccount:test:*\"", false)]
    [InlineData("team: it", false)]
    public async Task A_workload_of_a_cluster_loses_its_session_likewise(string require, bool stays)
    {
        await using var issuer = await TestIssuer.Start();
        _authenticators.Write("jwks.json", issuer.KeySet);
        ITokenAuthenticator Kubernetes(string required) => (ITokenAuthenticator)_authenticators.Create(
            "{ type: kubernetes, issuer: \"https://k8s.example\", audience: a, jwks: { file: jwks.json }, " +
            $"require: {{ {required} }} }}");
        var verdict = await Kubernetes("sub: \"system:*\"").Verify(
            new PresentedCredential("acme", new Secret(issuer.Sign(new Dictionary<string, object>
            {
                ["iss"] = "https://k8s.example", ["aud"] = "a", ["sub"] = "system:serviceaccount:prod:puller",
                ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 300,
                ["kubernetes.io"] = new Dictionary<string, object>
                {
                    ["namespace"] = "prod", ["serviceaccount"] = new { name = "puller" },
                },
            }))),
            TestContext.Current.CancellationToken);
        Assert.Equal(stays, Kubernetes(require).Allows(verdict.Identity!));
    }

    private ITokenAuthenticator Oidc(TestIssuer issuer, string require) => (ITokenAuthenticator)_authenticators.Create(
        $"{{ type: oidc, issuer: \"{issuer.Url}\", audience: a, allowPrivate: true, require: {{ {require} }} }}");
}
