using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Identity;

/// <summary>Tokens of many Kubernetes clusters under one authenticator: each cluster is for itself.</summary>
public sealed class KubernetesClustersTests : IDisposable
{
    private readonly AuthenticatorLab _lab = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public void Dispose() => _lab.Dispose();

    [Fact]
    public async Task One_account_of_two_clusters_is_two_identities_and_no_cluster_speaks_for_another()
    {
        await using var one = await TestIssuer.Start();
        await using var other = await TestIssuer.Start();
        using var directory = _lab.Directory(Clusters(("eu-1", one.Url), ("us-1", other.Url)), _time);
        Assert.Equal((0, 0), (one.KeyFetches, other.KeyFetches));
        var european = await Verify(directory, one.Sign(Payload(one.Url)));
        Assert.Equal("eu-1/system:serviceaccount:prod:puller", european.Identity!.Subject);
        Assert.Equal(("eu-1", "prod", "node-7"),
            (european.Identity.Claims["cluster"], european.Identity.Claims["namespace"], european.Identity.Claims["node"]));
        Assert.Equal((1, 0), (one.KeyFetches, other.KeyFetches));
        var american = await Verify(directory, other.Sign(Payload(other.Url)));
        Assert.Equal(("it", "us-1/system:serviceaccount:prod:puller"), (american.Identity!.Authenticator, american.Identity.Subject));

        foreach (var forged in new[]
        {
            one.Sign(Payload(other.Url)), other.Sign(Payload(one.Url)), one.Sign(Payload("https://nowhere.example")),
            one.Sign(Payload(one.Url.ToUpperInvariant())), one.Sign(Payload(one.Url + "/")), "not a token", "", "a.b.c",
        })
        {
            Assert.Equal(VerdictKind.Refused, (await Verify(directory, forged)).Kind);
        }

        var late = await Verify(directory, one.Sign(Payload(one.Url, audience: "other")));
        Assert.Equal(("it", "eu-1/system:serviceaccount:prod:puller"), late.Known);
    }

    [Fact]
    public async Task Of_two_hundred_issuers_those_that_hang_or_fail_are_waited_for_by_their_own_alone()
    {
        await using var good = await TestIssuer.Start();
        await using var away = await TestIssuer.Start();
        var asked = 0;
        var hang = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var silent = await RecordingUpstream.Start(_ =>
        {
            Interlocked.Increment(ref asked);
            return hang.Task;
        });
        away.Away = true;
        var many = Enumerable.Range(0, 197).Select(i => ($"c{i}", $"{silent.Url}/{i}"));
        using var directory = _lab.Directory(Clusters([("good", good.Url), ("away", away.Url), ("silent", silent.Url), .. many]), _time);
        Assert.Equal((0, 0, 0), (good.KeyFetches, away.KeyFetches, asked));
        var waiting = Enumerable.Range(0, 40).Select(_ => Verify(directory, good.Sign(Payload(silent.Url)))).ToList();
        Assert.Equal(VerdictKind.Unavailable, (await Verify(directory, away.Sign(Payload(away.Url)))).Kind);
        Assert.NotNull((await Verify(directory, good.Sign(Payload(good.Url)))).Identity);
        Assert.DoesNotContain(waiting, one => one.IsCompleted);
        hang.SetResult();
        foreach (var one in waiting)
        {
            Assert.Equal(VerdictKind.Unavailable, (await one).Kind);
        }

        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task What_changes_of_one_cluster_leaves_the_keys_of_the_others_and_ends_what_was_opened_by_it()
    {
        await using var one = await TestIssuer.Start();
        await using var other = await TestIssuer.Start();
        using var directory = _lab.Directory(Clusters(("eu-1", one.Url), ("us-1", other.Url)), _time);
        var european = (await Verify(directory, one.Sign(Payload(one.Url)))).Identity!;
        var american = (await Verify(directory, other.Sign(Payload(other.Url)))).Identity!;
        Assert.True(Of(directory).Allows(european) && Of(directory).Allows(american));

        one.Away = true;
        _lab.Replace(Clusters(("eu-1", one.Url), ("us-1", one.Url + "/moved"), ("us-2", other.Url)));
        Assert.NotNull((await Verify(directory, one.Sign(Payload(one.Url)))).Identity);
        Assert.Equal(1, one.KeyFetches);
        Assert.True(Of(directory).Allows(european));
        Assert.False(Of(directory).Allows(american));

        _lab.Replace(Clusters(("us-2", other.Url)));
        Assert.False(Of(directory).Allows(european));
        Assert.Equal("us-2", (await Verify(directory, other.Sign(Payload(other.Url)))).Identity!.Claims["cluster"]);
    }

    [Fact]
    public async Task What_clusters_opened_is_over_when_one_issuer_takes_their_name_and_the_other_way_round()
    {
        await using var issuer = await TestIssuer.Start();
        var single = $"{{ type: kubernetes, audience: registry, allowPrivate: true, issuer: \"{issuer.Url}\" }}";
        using var directory = _lab.Directory(Clusters(("eu-1", issuer.Url)), _time);
        var european = (await Verify(directory, issuer.Sign(Payload(issuer.Url)))).Identity!;
        _lab.Replace(single);
        Assert.False(Of(directory).Allows(european));
        var only = (await Verify(directory, issuer.Sign(Payload(issuer.Url)))).Identity!;
        Assert.True(Of(directory).Allows(only));
        _lab.Replace(Clusters(("eu-1", issuer.Url)));
        Assert.True(Of(directory).Allows(european));
        Assert.False(Of(directory).Allows(only));
    }

    [Fact]
    public async Task A_key_file_of_one_cluster_that_breaks_keeps_its_last_keys_and_holds_up_no_other()
    {
        await using var one = await TestIssuer.Start();
        await using var other = await TestIssuer.Start();
        _lab.Write("one.json", one.KeySet);
        _lab.Write("other.json", other.KeySet);
        using var directory = _lab.Directory(
            "{ type: kubernetes, audience: registry, clusters: { a: { issuer: \"https://a.example\", jwks: { file: one.json } }, " +
            "b: { issuer: \"https://b.example\", jwks: { file: other.json } } } }",
            _time);
        _lab.Write("one.json", "{");
        other.Turn("k2");
        _lab.Write("other.json", other.KeySet);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull((await Verify(directory, one.Sign(Payload("https://a.example")))).Identity);
        Assert.NotNull((await Verify(directory, other.Sign(Payload("https://b.example")))).Identity);
    }

    [Fact]
    public async Task Tries_of_one_cluster_that_are_refused_or_undecided_are_none_of_another_at_the_same_address()
    {
        var throttle = new LoginThrottle(_time);
        ValueTask<LoginAttempt?> Begin(string cluster) =>
            throttle.BeginProof(
                new ProofTry("acme", "it", new Secret("token"), cluster, AsksNobody: true), "10.0.0.1",
                TestContext.Current.CancellationToken);
        for (var i = 0; i < 200 && await Begin("away") is { } attempt; i++)
        {
            attempt.Leave();
            attempt.Dispose();
        }

        Assert.Null(await Begin("away"));
        List<LoginAttempt> held = [];
        for (var i = 0; i < 4; i++)
        {
            held.Add((await Begin("slow"))!);
        }

        Assert.False(Begin("slow").AsTask().IsCompleted);
        using var good = await Begin("good");
        Assert.NotNull(good);
        good.Succeed();
        held.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task Keys_that_take_long_to_verify_are_left_out()
    {
        await using var issuer = await TestIssuer.Start();
        using var rsa = RSA.Create(3072);
        var (modulus, exponent) = (rsa.ExportParameters(false).Modulus, RandomNumberGenerator.GetBytes(380));
        var slow = $$"""
            { "kty": "RSA", "kid": "slow", "n": "{{Base64UrlEncoder.Encode(modulus)}}", "e": "{{Base64UrlEncoder.Encode(exponent)}}" }
            """;
        _lab.Write("jwks.json", issuer.KeySet.Replace("[", $"[{slow},"));
        using var directory = _lab.Directory(
            "{ type: kubernetes, audience: registry, clusters: { a: { issuer: \"https://a.example\", jwks: { file: jwks.json } } } }",
            _time);
        Assert.NotNull((await Verify(directory, issuer.Sign(Payload("https://a.example")))).Identity);
        var verdict = await Verify(directory, issuer.Sign(Payload("https://a.example"), new RsaSecurityKey(rsa) { KeyId = "slow" }));
        Assert.Equal(VerdictKind.Refused, verdict.Kind);
    }

    [Fact]
    public void Two_clusters_with_one_issuer_are_an_error_at_both()
    {
        var errors = _lab.Errors(Clusters(("eu-1", "https://a.example"), ("us-1", "https://a.example"))).ToList();
        Assert.Contains(errors, error => error.Contains("clusters.eu-1.issuer: is also that of authenticators.it.clusters.us-1.issuer"));
        Assert.Contains(errors, error => error.Contains("clusters.us-1.issuer: is also that of authenticators.it.clusters.eu-1.issuer"));
    }

    [Theory]
    [InlineData("audience: a, clusters: {}", "empty never means all")]
    [InlineData("clusters: { a: { issuer: \"https://a.example\" } }", "audience")]
    [InlineData(
        "audience: a, issuer: \"https://a.example\", clusters: { a: { issuer: \"https://a.example\" } }", "cannot be set beside clusters")]
    [InlineData("audience: a, clusters: { a: { jwks: \"https://a.example\" } }", "clusters.a.issuer")]
    [InlineData("audience: a, clusters: { a/b: { issuer: \"https://a.example\" } }", "the name 'a/b'")]
    [InlineData("audience: a, clusters: { a: { issuer: \"https://a.example\", audience: b } }", "unknown key")]
    [InlineData("audience: a, clusters: { a: { issuer: \"http://a.example\" } }", "https://")]
    [InlineData("audience: a, clusters: [a]", "clusters")]
    public void What_is_wrong_with_clusters_is_told_at_its_place(string yaml, string saying) =>
        Assert.Contains(_lab.Errors($"{{ type: kubernetes, {yaml} }}"), error => error.Contains(saying, StringComparison.Ordinal));

    private static string Clusters(params (string Name, string Issuer)[] clusters) =>
        $"{{ type: kubernetes, audience: registry, allowPrivate: true, clusters: {{ " +
        string.Join(", ", clusters.Select(cluster => $"{cluster.Name}: {{ issuer: \"{cluster.Issuer}\" }}")) + " } }";

    private static Dictionary<string, object> Payload(string issuer, string audience = "registry") => new()
    {
        ["iss"] = issuer, ["aud"] = new[] { audience }, ["sub"] = "system:serviceaccount:prod:puller",
        ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 600, ["iat"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        ["kubernetes.io"] = new Dictionary<string, object>
        {
            ["namespace"] = "prod", ["serviceaccount"] = new { name = "puller", uid = "1" }, ["node"] = new { name = "node-7", uid = "3" },
        },
    };

    private static ITokenAuthenticator Of(AuthenticatorDirectory directory) =>
        (ITokenAuthenticator)directory.Find(new TenantConfiguration { Name = "acme", Hosts = ["*"], Authenticators = ["it"] }, "it")!;

    private static Task<Verdict> Verify(AuthenticatorDirectory directory, string token) =>
        Of(directory).Verify(new PresentedCredential("acme", new Secret(token)), TestContext.Current.CancellationToken).AsTask();
}
