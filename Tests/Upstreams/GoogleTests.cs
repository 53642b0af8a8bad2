using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>Access tokens of Google service accounts, by each way to have one, before a real registry.</summary>
public sealed class GoogleTests
{
    private static string Credentials(GoogleCloud google, string extra = "") =>
        $"type: google, tokenEndpoint: \"{google.Url}\", stsEndpoint: \"{google.Url}\", iamEndpoint: " +
        $"\"{google.Url}\", metadataEndpoint: \"{google.Url}\"{extra}";

    private static ValueTask<UpstreamTokenResult> GetToken(GrainCluster cluster, int upstream = 0, string repository = "a/b") =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up{upstream}|repository:{repository}:pull").GetToken();

    [Theory]
    [InlineData("metadata", "metadata")]
    [InlineData("key", "oauth2")]
    [InlineData("federation", "sts")]
    [InlineData("impersonation", "sts iam")]
    public async Task Every_way_leads_to_a_token_that_opens_a_registry(string way, string calls)
    {
        await using var google = await GoogleCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(GoogleCloud.User, GoogleCloud.Token);
        using var folder = new TemporaryFolder();
        var subject = folder.Write("subject", GoogleCloud.SubjectToken);
        var file = way switch
        {
            "key" => folder.Write("key.json", google.KeyFile()),
            "federation" => folder.Write("key.json", GoogleCloud.FederationFile(subject, impersonate: false)),
            "impersonation" => folder.Write("key.json", GoogleCloud.FederationFile(subject, impersonate: true)),
            _ => null,
        };
        await using var cluster =
            await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Credentials(google, file is null ? "" : $", keyFile: {file}")));
        var result = await GetToken(cluster);
        Assert.True(await registry.Opens(result.Token?.Authorization), result.Failure?.Message);
        Assert.Equal(calls, string.Join(' ', google.Calls));
    }

    [Fact]
    public async Task Ten_thousand_cold_pulls_over_two_silos_are_one_call_to_google()
    {
        await using var google = await GoogleCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(GoogleCloud.User, GoogleCloud.Token);
        await using var cluster = await GrainCluster.Start(
            PrincipalYaml.Of(registry.Url, Credentials(google), Credentials(google)), silos: 2);
        var results = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(async number =>
        {
            await Task.Yield();
            return await GetToken(cluster, number % 2, $"team/app-{number % 50}");
        }));
        Assert.All(results, result => Assert.NotNull(result.Token));
        Assert.Single(google.Calls);
    }

    [Fact]
    public async Task The_expiry_is_that_of_the_token_and_the_old_one_serves_while_google_is_away()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var google = await GoogleCloud.Start();
        google.Life = 900;
        await using var registry = await DockerRegistry.StartBasic(GoogleCloud.User, GoogleCloud.Token);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Credentials(google)), time: time);
        Assert.NotNull((await GetToken(cluster)).Token);
        google.Away = 503;
        time.Advance(TimeSpan.FromSeconds(800));
        Assert.NotNull((await GetToken(cluster)).Token);
        await Eventually.True(() => google.Calls.Count >= 2, "it asks in the background");
        time.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(time.GetUtcNow().AddSeconds(10), (await GetToken(cluster)).Token!.Expires);
        time.Advance(TimeSpan.FromSeconds(10));
        await Eventually.True(async () => (await GetToken(cluster)).Failure?.Kind == UpstreamFailureKind.Unreachable,
            "the token has expired");
    }

    [Fact]
    public async Task Something_else_at_the_address_of_the_metadata_server_is_not_believed()
    {
        await using var google = await GoogleCloud.Start();
        google.Flavored = false;
        await using var registry = await DockerRegistry.StartBasic(GoogleCloud.User, GoogleCloud.Token);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Credentials(google)));
        Assert.Contains("is not Google's", (await GetToken(cluster)).Failure!.Message);
    }

    [Fact]
    public async Task A_refused_key_backs_off_and_an_edit_of_the_file_heals_it()
    {
        await using var google = await GoogleCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(GoogleCloud.User, GoogleCloud.Token);
        using var folder = new TemporaryFolder();
        var file = folder.Write("key.json", google.KeyFile(wrong: true));
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Credentials(google, $", keyFile: {file}")));
        for (var i = 0; i < 20; i++)
        {
            var failure = (await GetToken(cluster, 0, $"app/{i}")).Failure!;
            Assert.Contains("(invalid_grant)", failure.Message);
            Assert.DoesNotContain("canary", failure.Message);
        }

        Assert.Single(google.Calls);
        folder.Write("key.json", google.KeyFile());
        Assert.NotNull((await GetToken(cluster)).Token);
    }

    [Theory]
    [InlineData("https://oauth2.googleapis.com/token", "https://evil.example/token", "token_uri that is not")]
    [InlineData("https://oauth2.googleapis.com/token", "http://oauth2.googleapis.com/token", "token_uri that is not")]
    [InlineData("https://oauth2.googleapis.com/token", "https://oauth2.googleapis.com.evil.example/", "token_uri that is not")]
    [InlineData("https://oauth2.googleapis.com/token", "https://googleapis.com@evil.example/", "token_uri that is not")]
    [InlineData("\"token_uri\"", "\"Token_Uri\"", "a member Token_Uri")]
    [InlineData("service_account", "authorized_user", "must be of type")]
    [InlineData("PRIVATE KEY", "NO KEY", "is not a Google key file")]
    public async Task A_key_file_that_leads_elsewhere_is_refused_before_anything_is_sent(string from, string to, string saying)
    {
        await using var google = await GoogleCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(GoogleCloud.User, GoogleCloud.Token);
        using var folder = new TemporaryFolder();
        var text = google.KeyFile();
        Assert.Contains(from, text);
        var file = folder.Write("key.json", text.Replace(from, to));
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Credentials(google, $", keyFile: {file}")));
        var failure = (await GetToken(cluster)).Failure!;
        Assert.Contains(saying, failure.Message);
        Assert.DoesNotContain("PRIVATE", failure.Message);
        Assert.Empty(google.Calls);
    }
}
