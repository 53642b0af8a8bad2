using System.Text;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>Tokens of Amazon ECR: signed as AWS checks it, once for all upstreams of a principal, before a real registry.</summary>
public sealed class EcrTests
{
    private static string Static(AwsCloud aws, string extra = "", string secret = $"{{ value: {AwsCloud.UserSecret} }}") =>
        $"type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", stsEndpoint: \"{aws.Url}\", " +
        $"accessKeyId: {AwsCloud.UserKey}, secretAccessKey: {secret}{extra}";

    private static string Expected(string password = AwsCloud.RegistryPassword) =>
        "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{AwsCloud.RegistryUser}:{password}"));

    private static ValueTask<UpstreamTokenResult> GetToken(GrainCluster cluster, int upstream = 0, string repository = "a/b") =>
        Token(cluster, upstream, repository).GetToken();

    private static IUpstreamTokenGrain Token(GrainCluster cluster, int upstream = 0, string repository = "a/b") =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up{upstream}|repository:{repository}:pull");

    [Theory]
    [InlineData("", "user")]
    [InlineData($", roleArn: \"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId}, sessionName: front-door", AwsCloud.PullRole)]
    [InlineData($", roles: [{{ roleArn: \"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId} }}, {{ roleArn: " +
        $"\"{AwsCloud.ChainedRole}\" }}]", AwsCloud.ChainedRole)]
    public async Task Keys_and_roles_lead_to_a_token_of_the_principal(string extra, string principal)
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Static(aws, extra)));
        var result = await GetToken(cluster);
        Assert.True(await registry.Opens(result.Token?.Authorization), result.Failure?.Message);
        Assert.Equal(("ecr", principal), Assert.Single(aws.Calls, call => call.Service == "ecr"));
    }

    [Fact]
    public async Task A_web_identity_token_is_read_from_its_file_whenever_it_is_used()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        using var folder = new TemporaryFolder();
        var file = folder.Write("token", "not-yet");
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(
            registry.Url,
            $"type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", stsEndpoint: \"{aws.Url}\", " +
            $"webIdentityTokenFile: {file}, roleArn: \"{AwsCloud.WebRole}\""));
        Assert.Contains("AWS STS denied (InvalidIdentityToken)", (await GetToken(cluster)).Failure!.Message);
        folder.Write("token", AwsCloud.WebToken);
        await Eventually.True(async () => (await GetToken(cluster)).Token is not null, "the new token is used");
    }

    [Fact]
    public async Task Ten_thousand_cold_pulls_of_two_upstreams_over_two_silos_are_one_call_to_aws()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        var role = $", roleArn: \"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId}";
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Static(aws, role), Static(aws, role)), silos: 2);
        var results = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(async number =>
        {
            await Task.Yield();
            return await GetToken(cluster, number % 2, $"team/app-{number % 100}");
        }));
        Assert.All(results, result => Assert.Equal(Expected(), result.Token?.Authorization?.Reveal()));
        Assert.Equal(1, aws.TokenCalls);
        Assert.Single(aws.Calls, call => call.Service == "sts");
    }

    [Fact]
    public async Task Another_region_or_role_is_another_principal()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(
            registry.Url, Static(aws), Static(aws)
                .Replace("eu-west-1", "us-east-1"), Static(aws, $", roleArn: \"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId}")));
        Assert.NotNull((await GetToken(cluster, 0)).Token);
        Assert.NotNull((await GetToken(cluster, 2)).Token);
        var status = await cluster.Client.GetGrain<IUpstreamStatusGrain>("up2").Describe();
        Assert.InRange(status.Expires!.Value - DateTimeOffset.UtcNow, TimeSpan.FromHours(11.9), TimeSpan.FromHours(12));
        aws.Region = "us-east-1";
        Assert.NotNull((await GetToken(cluster, 1)).Token);
        Assert.Equal(3, aws.TokenCalls);
    }

    [Fact]
    public async Task Twelve_hours_pass_and_an_outage_is_invisible_until_the_token_really_expires()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var aws = await AwsCloud.Start();
        aws.Time = time;
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Static(aws)), time: time);
        for (var minutes = 0; minutes < 5 * 60; minutes += 10)
        {
            Assert.NotNull((await GetToken(cluster)).Token);
            time.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.Equal(1, aws.TokenCalls);
        time.Advance(TimeSpan.FromHours(4.9));
        Assert.NotNull((await GetToken(cluster)).Token);
        await Eventually.True(
            async () =>
            {
                Assert.NotNull((await GetToken(cluster, 0, $"renewed/{Guid.NewGuid():N}")).Token);
                return (await cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe()).Expires > time.GetUtcNow().AddHours(11.5);
            },
            "it is asked for again before four fifths of its life are over");
        Assert.Equal(2, aws.TokenCalls);

        aws.Away = 503;
        for (var hours = 0; hours < 11; hours++)
        {
            time.Advance(TimeSpan.FromHours(1));
            Assert.NotNull((await GetToken(cluster)).Token);
        }

        await Eventually.True(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(11));
                return (await GetToken(cluster, 0, $"app/{time.GetUtcNow().Ticks}")).Token is not null && aws.TokenCalls > 3;
            },
            "AWS is asked again and again while the old token serves");
        time.Advance(TimeSpan.FromHours(2));
        await Eventually.True(async () => (await GetToken(cluster)).Failure is { Kind: UpstreamFailureKind.Unreachable },
            "the token has expired");
        aws.Away = null;
        time.Advance(TimeSpan.FromMinutes(1));
        await Eventually.True(async () => (await GetToken(cluster)).Token is not null, "AWS is back");
    }

    [Fact]
    public async Task A_refused_token_is_issued_anew_once_a_minute_at_most()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var aws = await AwsCloud.Start();
        aws.Time = time;
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Static(aws)), time: time);
        aws.Password = "another";
        Assert.Contains("rejected the configured credentials", (await GetToken(cluster)).Failure!.Message);
        var refused = await Task.WhenAll(Enumerable.Range(0, 500).Select(number => GetToken(cluster, 0, $"refused/{number}").AsTask()));
        Assert.All(refused, result => Assert.Equal(UpstreamFailureKind.Refused, result.Failure?.Kind));
        Assert.Equal(2, aws.TokenCalls);
        Assert.Contains(
            "rejected the configured credentials", (await cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe()).LastError);
        aws.Password = AwsCloud.RegistryPassword;
        time.Advance(TimeSpan.FromSeconds(61));
        var first = (await GetToken(cluster)).Token!;
        Assert.Equal(Expected(), first.Authorization!.Reveal());
        Assert.Equal(3, aws.TokenCalls);
        await Task.WhenAll(Enumerable.Range(0, 500).Select(async number =>
        {
            var token = (await GetToken(cluster, 0, $"app/{number}")).Token!;
            await Token(cluster, 0, $"app/{number}").Replace(token.Generation);
        }));
        Assert.Equal(3, aws.TokenCalls);
        time.Advance(TimeSpan.FromSeconds(61));
        await Token(cluster).Replace((await GetToken(cluster)).Token!.Generation);
        Assert.Equal(4, aws.TokenCalls);
    }

    [Fact]
    public async Task A_wrong_key_backs_off_and_an_edit_heals_it_at_once()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        using var folder = new TemporaryFolder();
        var file = folder.Write("secret", "wrong-canary");
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Static(aws, secret: $"{{ file: {file} }}")));
        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => GetToken(cluster, 0, $"app/{number}").AsTask()));
        Assert.All(results, result =>
            Assert.Contains("Amazon ECR refuses GetAuthorizationToken (InvalidSignatureException)", result.Failure!.Message));
        Assert.All(results, result => Assert.DoesNotContain("canary", result.Failure!.Message));
        Assert.Equal(1, aws.TokenCalls);
        var status = await cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe();
        Assert.Contains("needs ecr:GetAuthorizationToken", status.LastError);
        folder.Write("secret", AwsCloud.UserSecret);
        Assert.Equal(Expected(), (await GetToken(cluster)).Token?.Authorization?.Reveal());
    }

    [Fact]
    public async Task Two_secrets_of_one_key_never_mix()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var cluster =
            await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Static(aws), Static(aws, secret: "{ value: other }")));
        Assert.NotNull((await GetToken(cluster, 0)).Token);
        Assert.NotNull((await GetToken(cluster, 1)).Failure);
        Assert.NotNull((await GetToken(cluster, 0)).Token);
    }

    [Theory]
    [InlineData("Throttling", UpstreamFailureKind.Throttled, "AWS STS answers 400 (Throttling)", "(Throttling)")]
    [InlineData("AccessDenied", UpstreamFailureKind.Refused, "AWS STS denied (AccessDenied) a role: the caller needs sts:AssumeRole",
        AwsCloud.PullRole)]
    public async Task What_sts_says_is_told_with_the_role_that_it_is_about(
        string code, UpstreamFailureKind kind, string told, string detail)
    {
        await using var aws = await AwsCloud.Start();
        aws.StsRefusal = code;
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var cluster = await GrainCluster.Start(
            PrincipalYaml.Of(registry.Url, Static(aws, $", roleArn: \"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId}")));
        var failure = (await GetToken(cluster)).Failure!;
        Assert.Equal(kind, failure.Kind);
        Assert.Contains(told, failure.Message);
        Assert.DoesNotContain("canary", failure.Message);
        var status = await cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe();
        Assert.Contains(detail, status.LastError);
        Assert.Equal("open", status.Breaker);
    }

    [Fact]
    public async Task Ecr_public_is_signed_for_its_own_service_and_region()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(
            registry.Url,
            $"type: ecr, public: true, endpoint: \"{aws.Url}\", accessKeyId: {AwsCloud.UserKey}, secretAccessKey: {{ " +
            $"value: {AwsCloud.UserSecret} }}"));
        Assert.Equal(Expected(), (await GetToken(cluster)).Token?.Authorization?.Reveal());
        Assert.Equal(("ecr-public", "user"), Assert.Single(aws.Calls));
    }
}
