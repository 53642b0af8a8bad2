using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>Signed tokens of OpenID Connect providers, Kubernetes clusters and Google's metadata server.</summary>
public sealed class TokenIssuerTests : IDisposable
{
    private readonly AuthenticatorLab _authenticators = new();

    public void Dispose() => _authenticators.Dispose();

    [Fact]
    public async Task An_oidc_token_proves_its_subject_with_groups_and_claims()
    {
        await using var issuer = await TestIssuer.Start();
        var verdict = await Verify(Oidc(issuer), issuer.Sign(OidcPayload(issuer)));
        Assert.Equal(("alice@acme", "it"), (verdict.Identity!.Subject, verdict.Identity.Authenticator));
        Assert.Equal(["dev", "ops"], verdict.Identity.Groups);
        Assert.Equal("acme.example", verdict.Identity.Claims["hd"]);
        Assert.InRange((verdict.Identity.Expires!.Value - DateTimeOffset.UtcNow).TotalSeconds, 200, 301);
        Assert.Equal(1, issuer.KeyFetches);
    }

    [Fact]
    public async Task No_oidc_token_with_anything_wrong_proves_anything()
    {
        await using var issuer = await TestIssuer.Start();
        var authenticator = Oidc(issuer);
        using var other = RSA.Create(2048);
        var good = issuer.Sign(OidcPayload(issuer));
        var parts = good.Split('.');
        string[] hostile =
        [
            issuer.Sign(OidcPayload(issuer), new RsaSecurityKey(other) { KeyId = "k1" }),
            issuer.Sign(OidcPayload(issuer), new RsaSecurityKey(other) { KeyId = "k2" }),
            issuer.Sign(OidcPayload(issuer), new SymmetricSecurityKey(Encoding.UTF8.GetBytes(issuer.KeySet)) { KeyId = "k1" }, "HS256"),
            issuer.Sign(With(OidcPayload(issuer), "aud", "another")),
            issuer.Sign(With(OidcPayload(issuer), "aud", "registryproxy.evil")),
            issuer.Sign(With(OidcPayload(issuer), "aud", null)),
            issuer.Sign(With(OidcPayload(issuer), "iss", "https://evil.example")),
            issuer.Sign(With(OidcPayload(issuer), "iss", issuer.Url + "/")),
            issuer.Sign(With(OidcPayload(issuer), "iss", null)),
            issuer.Sign(With(OidcPayload(issuer), "exp", Seconds(-120))),
            issuer.Sign(With(OidcPayload(issuer), "exp", null)),
            issuer.Sign(With(OidcPayload(issuer), "nbf", Seconds(120))),
            issuer.Sign(With(OidcPayload(issuer), "hd", "evil.example")),
            issuer.Sign(With(OidcPayload(issuer), "hd", null)),
            issuer.Sign(With(OidcPayload(issuer), "sub", null)),
            issuer.Sign(With(OidcPayload(issuer), "sub", "")),
            Encode("""{"alg":"none","kid":"k1"}""") + "." + parts[1] + ".",
            Encode("""{"alg":"none","kid":"k1"}""") + "." + parts[1] + "." + parts[2],
            parts[0] + "." + Encode("""{"sub":"root"}""") + "." + parts[2],
            parts[0] + "." + parts[1] + ".",
            parts[0] + "." + parts[1],
            good + "x", "x" + good, "", "a.b.c", "not a token", new string('a', 20_000),
        ];
        foreach (var token in hostile)
        {
            Assert.Null((await Verify(authenticator, token)).Identity);
        }

        Assert.NotNull((await Verify(authenticator, good)).Identity);
        Assert.Equal(1, issuer.KeyFetches);
    }

    [Theory]
    [InlineData("exp", -120, 0, "expired: the token ended at 2")]
    [InlineData("nbf", 3600, 0, "not valid yet: the token begins at 2")]
    [InlineData("nbf", 120, 120, "clock skew: the token was issued at 2")]
    public async Task What_does_not_count_now_says_whether_it_expired_is_not_valid_yet_or_clocks_differ(
        string claim, int later, int issued, string saying)
    {
        await using var issuer = await TestIssuer.Start();
        var verdict = await Verify(
            Oidc(issuer), issuer.Sign(With(With(OidcPayload(issuer), claim, Seconds(later)), "iat", Seconds(issued))));
        Assert.StartsWith(saying, verdict.Message);
        Assert.Contains($"{DateTimeOffset.UnixEpoch.AddSeconds(Seconds(later)):yyyy-MM-dd}", verdict.Message);
        Assert.Contains("here", verdict.Message);
        Assert.Equal(("it", "alice@acme"), verdict.Known);
    }

    [Fact]
    public async Task A_refusal_says_which_claim_is_meant_and_whose_token_it_was_once_its_signature_is_good()
    {
        await using var issuer = await TestIssuer.Start();
        async Task<(string Message, string? Subject)> Refused(string token) =>
            await Verify(Oidc(issuer), token) is var verdict ? (verdict.Message, verdict.Known?.Subject) : default;
        Assert.Equal(("the token does not have the claims that 'it' requires: claim hd missing", "alice@acme"),
            await Refused(issuer.Sign(With(OidcPayload(issuer), "hd", null))));
        Assert.Equal(
            ("the token does not have the claims that 'it' requires: claim hd is none of those that count", "alice@acme"),
            await Refused(issuer.Sign(With(OidcPayload(issuer), "hd", "evil"))));
        Assert.Equal(("wrong audience: the token is for another service", "alice@acme"),
            await Refused(issuer.Sign(With(OidcPayload(issuer), "aud", "other"))));
        using var other = RSA.Create(2048);
        Assert.Equal(
            ("the signature of the token is not one of the issuer's", null),
            await Refused(issuer.Sign(With(OidcPayload(issuer), "aud", "other"), new RsaSecurityKey(other) { KeyId = "k1" })));
    }

    [Fact]
    public async Task Keys_are_fetched_once_again_when_they_turn_and_an_outage_is_no_refusal()
    {
        await using var issuer = await TestIssuer.Start();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        issuer.Away = true;
        var authenticator = Oidc(issuer, time);
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, issuer.Sign(OidcPayload(issuer)))).Kind);
        issuer.Away = false;
        Assert.Equal(VerdictKind.Unavailable, (await Verify(authenticator, issuer.Sign(OidcPayload(issuer)))).Kind);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal(VerdictKind.Proved, (await Verify(authenticator, issuer.Sign(OidcPayload(issuer)))).Kind);

        issuer.Turn("k2");
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(VerdictKind.Refused, (await Verify(authenticator, issuer.Sign(OidcPayload(issuer)))).Kind);
        }

        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(VerdictKind.Proved, (await Verify(authenticator, issuer.Sign(OidcPayload(issuer)))).Kind);
        Assert.Equal(2, issuer.KeyFetches);
    }

    [Fact]
    public async Task A_discovery_document_of_another_issuer_is_not_believed()
    {
        await using var issuer = await TestIssuer.Start();
        issuer.Claims = "https://evil.example";
        Assert.Equal(VerdictKind.Unavailable, (await Verify(Oidc(issuer), issuer.Sign(OidcPayload(issuer)))).Kind);
    }

    [Fact]
    public async Task A_kubernetes_token_names_its_account_pod_and_node_and_old_ones_do_not_count()
    {
        await using var issuer = await TestIssuer.Start();
        _authenticators.Write("jwks.json", issuer.KeySet);
        var authenticator = (ITokenAuthenticator)_authenticators.Create(
            "{ type: kubernetes, issuer: \"https://k8s.example\", audience: registry, jwks: { file: jwks.json } }");
        var verdict = await Verify(authenticator, issuer.Sign(Kubernetes()));
        Assert.Equal("system:serviceaccount:prod:puller", verdict.Identity!.Subject);
        Assert.Equal(("prod", "puller", "web-1", "node-7"),
            (verdict.Identity.Claims["namespace"], verdict.Identity.Claims["serviceAccount"], verdict.Identity.Claims["pod"],
                verdict.Identity.Claims["node"]));
        object[] hostile =
        [
            With(Kubernetes(), "exp", null), With(Kubernetes(), "aud", new[] { "https://kubernetes.default.svc" }), With(
                Kubernetes(), "aud", null),
            With(Kubernetes(), "iss", "https://other.example"), With(Kubernetes(), "kubernetes.io", null), With(
                Kubernetes(), "sub", "system:serviceaccount:kube-system:admin"),
            With(Kubernetes(), "kubernetes.io", "text"), With(Kubernetes(), "exp", Seconds(-60)),
            new Dictionary<string, object>
            {
                ["iss"] = "https://k8s.example", ["sub"] = "system:serviceaccount:prod:puller",
                ["kubernetes.io/serviceaccount/namespace"] = "prod", ["kubernetes.io/serviceaccount/service-account.name"] = "puller"
            },
        ];
        foreach (var token in hostile.Select(payload => issuer.Sign(payload)).Concat(Forged(issuer, Kubernetes())))
        {
            Assert.Null((await Verify(authenticator, token)).Identity);
        }
    }

    [Fact]
    public async Task A_google_token_counts_only_with_the_claims_of_an_instance_of_the_project()
    {
        await using var issuer = await TestIssuer.Start();
        var authenticator = (ITokenAuthenticator)_authenticators.Create(
            $"{{ type: gcp-identity, audience: docker.acme.example, projects: [acme-prod], jwks: \"{issuer.Url}/keys\", allowPrivate: " +
            $"true }}");
        var verdict = await Verify(authenticator, issuer.Sign(Google()));
        Assert.Equal("8087716956832600000", verdict.Identity!.Subject);
        Assert.Equal(("acme-prod", "europe-west1-b", "node@acme-prod.iam.gserviceaccount.com"),
            (verdict.Identity.Claims["projectId"], verdict.Identity.Claims["zone"], verdict.Identity.Claims["email"]));
        object[] hostile =
        [
            With(Google(), "google", null), With(Google(), "google", new { compute_engine = new { project_id = "acme-prod" } }), With(
                Google(), "google", Engine("evil")),
            With(Google(), "aud", "other"), With(Google(), "iss", "accounts.google.com"), With(
                Google(), "iss", "https://accounts.google.com.evil.example"),
            With(Google(), "exp", Seconds(-60)), With(Google(), "google", Engine("acme-prod-2")), With(Google(), "google", "acme-prod"),
        ];
        foreach (var token in hostile.Select(payload => issuer.Sign(payload)).Concat(Forged(issuer, Google()))
            .Append(issuer.Sign(Google(), algorithm: "RS512")))
        {
            Assert.Null((await Verify(authenticator, token)).Identity);
        }
    }

    [Theory]
    [InlineData("{ type: oidc, issuer: \"https://idp.example\", audience: a }", "require")]
    [InlineData("{ type: oidc, issuer: \"https://accounts.google.com\", audience: a, allowAnySubject: true }", "allowAnySubject")]
    [InlineData("{ type: oidc, issuer: \"https://gitlab.com\", audience: a, require: { sub: \"*\", aud: a } }", "lets everybody in")]
    [InlineData("{ type: oidc, issuer: \"http://idp.example\", audience: a, allowAnySubject: true }", "https://")]
    [InlineData("{ type: oidc, issuer: \"https://idp.example\", require: { a: b } }", "audience")]
    [InlineData("{ type: oidc, issuer: \"https://idp.example\", audience: a, require: { a: b }, clientSecret: { value: x } }",
        "needs clientId")]
    [InlineData("{ type: oidc, issuer: \"https://idp.example\", audience: a, require: { a: b }, clientId: x, scopes: [\"a b\"] }",
        "invalid scope")]
    [InlineData("{ type: kubernetes, issuer: \"https://k8s.example\", audience: a, jwks: { file: nowhere.json } }", "jwks.file")]
    [InlineData("{ type: kubernetes, issuer: \"https://k8s.example\" }", "audience")]
    [InlineData("{ type: gcp-identity, audience: a, projects: [] }", "empty never means all")]
    [InlineData("{ type: gcp-identity, audience: a }", "projects")]
    public void A_bad_configuration_says_what_is_wrong(string yaml, string saying) =>
        Assert.Contains(_authenticators.Errors(yaml), error => error.Contains(saying, StringComparison.Ordinal));

    private ITokenAuthenticator Oidc(TestIssuer issuer, TimeProvider? time = null) => (ITokenAuthenticator)_authenticators.Create(
        $"{{ type: oidc, issuer: \"{issuer.Url}\", audience: registryproxy, require: {{ hd: acme.example }}, allowPrivate: true }}", time);

    private static Dictionary<string, object> OidcPayload(TestIssuer issuer) => new()
    {
        ["iss"] = issuer.Url, ["aud"] = "registryproxy", ["sub"] = "alice@acme", ["groups"] = new[] { "dev", "ops" },
        ["hd"] = "acme.example", ["exp"] = Seconds(300), ["iat"] = Seconds(0),
    };

    private static Dictionary<string, object> Kubernetes() => new()
    {
        ["iss"] = "https://k8s.example", ["aud"] = new[] { "registry" }, ["sub"] = "system:serviceaccount:prod:puller",
        ["exp"] = Seconds(600), ["iat"] = Seconds(0),
        ["kubernetes.io"] = new Dictionary<string, object>
        {
            ["namespace"] = "prod", ["serviceaccount"] = new { name = "puller", uid = "1" }, ["pod"] = new { name = "web-1", uid = "2" },
            ["node"] = new { name = "node-7", uid = "3" },
        },
    };

    private static Dictionary<string, object> Google() => new()
    {
        ["iss"] = "https://accounts.google.com", ["aud"] = "docker.acme.example", ["sub"] = "1",
        ["email"] = "node@acme-prod.iam.gserviceaccount.com", ["email_verified"] = true,
        ["exp"] = Seconds(3600), ["iat"] = Seconds(0), ["google"] = Engine("acme-prod"),
    };

    private static object Engine(string project) => new
    {
        compute_engine = new { project_id = project, project_number = 1234, zone = "europe-west1-b", instance_id = "8087716956832600000",
            instance_name = "node-1", instance_creation_timestamp = 1 },
    };

    private static Dictionary<string, object> With(Dictionary<string, object> payload, string claim, object? value)
    {
        if (value is null)
        {
            payload.Remove(claim);
        }
        else
        {
            payload[claim] = value;
        }

        return payload;
    }

    /// <summary>A good payload under signatures that are none.</summary>
    private static IEnumerable<string> Forged(TestIssuer issuer, Dictionary<string, object> payload)
    {
        using var other = RSA.Create(2048);
        var good = issuer.Sign(payload);
        var parts = good.Split('.');
        return
        [
            issuer.Sign(payload, new RsaSecurityKey(other) { KeyId = "k1" }),
            issuer.Sign(payload, new RsaSecurityKey(other) { KeyId = "k9" }),
            issuer.Sign(payload, new SymmetricSecurityKey(Encoding.UTF8.GetBytes(issuer.KeySet)) { KeyId = "k1" }, "HS256"),
            Encode("""{"alg":"none","kid":"k1"}""") + "." + parts[1] + ".",
            Encode("""{"alg":"none","kid":"k1"}""") + "." + parts[1] + "." + parts[2],
            $"{parts[0]}.{Encode("{}")}.{parts[2]}",
            $"{parts[0]}.{parts[1]}.{parts[2][..^6]}",
            $"{parts[0]}.{parts[1]}.",
            issuer.Sign(With(payload, "nbf", Seconds(120))),
        ];
    }

    private static long Seconds(int later) => DateTimeOffset.UtcNow.ToUnixTimeSeconds() + later;

    private static string Encode(string text) => Base64UrlEncoder.Encode(text);

    private static async Task<Verdict> Verify(ITokenAuthenticator authenticator, string token) =>
        await authenticator.Verify(new PresentedCredential("acme", new Secret(token)), TestContext.Current.CancellationToken);
}
