using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>
/// Azure container registries: an Entra token, a refresh token, an access token for each scope, before a real registry that checks it.
/// </summary>
[Collection(nameof(AcrTests))]
public sealed class AcrTests
{
    private static string Secret(AzureCloud azure, string secret = $"{{ value: {AzureCloud.ClientSecret} }}") =>
        $"type: acr, tenantId: {AzureCloud.Tenant}, clientId: {AzureCloud.Client}, clientSecret: {secret}, authority: \"{azure.Url}\"";

    private static ValueTask<UpstreamTokenResult> GetToken(GrainCluster cluster, int upstream = 0, string repository = "a/b") =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up{upstream}|repository:{repository}:pull").GetToken();

    [Theory]
    [InlineData("secret", "entra")]
    [InlineData("workload", "entra")]
    [InlineData("user-assigned", $"metadata {AzureCloud.Client}")]
    [InlineData("system-assigned", "metadata")]
    public async Task Every_principal_leads_to_a_token_that_the_registry_takes(string way, string call)
    {
        await using var azure = await AzureCloud.Start();
        await using var registry = await AzureRegistry.Start();
        using var folder = new TemporaryFolder();
        var credentials = way switch
        {
            "secret" => Secret(azure),
            "workload" =>
                $"type: acr, tenantId: {AzureCloud.Tenant}, clientId: {AzureCloud.Client}, " +
                $"federatedTokenFile: {folder.Write("token", AzureCloud.Assertion)}, authority: \"{azure.Url}\"",
            "user-assigned" => $"type: acr, clientId: {AzureCloud.Client}, metadataEndpoint: \"{azure.Url}\"",
            _ => $"type: acr, metadataEndpoint: \"{azure.Url}\"",
        };
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, credentials));
        var result = await GetToken(cluster);
        Assert.True(result.Token is not null, result.Failure?.Message);
        Assert.Equal(404, await registry.StatusOf("a/b", result.Token.Authorization));
        Assert.Equal(401, await registry.StatusOf("a/c", result.Token.Authorization));
        Assert.Equal(call, Assert.Single(azure.Calls));
        Assert.Equal(["exchange", "token repository:a/b:pull"], registry.Calls);
        Assert.InRange(result.Token.Expires - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(50), TimeSpan.FromMinutes(55));
    }

    [Fact]
    public async Task Ten_thousand_cold_pulls_over_two_silos_are_one_exchange_and_one_token_call_for_each_scope()
    {
        await using var azure = await AzureCloud.Start();
        await using var registry = await AzureRegistry.Start();
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Secret(azure)), silos: 2);
        var results = await Task.WhenAll(Enumerable.Range(0, 10_000).Select(async number =>
        {
            await Task.Yield();
            return await GetToken(cluster, 0, $"team/app-{number % 40}");
        }));
        Assert.All(results, result => Assert.NotNull(result.Token));
        Assert.Single(azure.Calls);
        Assert.Equal(1, registry.Exchanges);
        Assert.Equal(40, registry.Calls.Count(call => call.StartsWith("token", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_refresh_token_is_exchanged_again_before_it_expires_by_its_own_words()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var azure = await AzureCloud.Start();
        await using var registry = await AzureRegistry.Start();
        registry.Time = time;
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Secret(azure)), time: time);
        Assert.NotNull((await GetToken(cluster)).Token);
        time.Advance(TimeSpan.FromMinutes(85));
        Assert.NotNull((await GetToken(cluster)).Token);
        Assert.Equal(1, registry.Exchanges);
        time.Advance(TimeSpan.FromMinutes(60));
        Assert.NotNull((await GetToken(cluster)).Token);
        await Eventually.True(() => registry.Exchanges >= 2, "it is exchanged again");
    }

    [Fact]
    public async Task A_wrong_secret_backs_off_names_the_code_of_entra_and_heals_by_an_edit()
    {
        await using var azure = await AzureCloud.Start();
        await using var registry = await AzureRegistry.Start();
        using var folder = new TemporaryFolder();
        var file = folder.Write("secret", "wrong-canary");
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Secret(azure, $"{{ file: {file} }}")));
        for (var i = 0; i < 20; i++)
        {
            var failure = (await GetToken(cluster, 0, $"app/{i}")).Failure!;
            Assert.Contains("Microsoft Entra refuses the principal (AADSTS7000215)", failure.Message);
            Assert.DoesNotContain("canary", failure.Message);
        }

        Assert.InRange(azure.Calls.Count, 1, 2);
        folder.Write("secret", AzureCloud.ClientSecret);
        Assert.NotNull((await GetToken(cluster)).Token);
    }

    [Theory]
    [InlineData("secret", 503, UpstreamFailureKind.Unreachable, "Microsoft Entra answers 503")]
    [InlineData("secret", 429, UpstreamFailureKind.Throttled, "Microsoft Entra answers 429")]
    [InlineData("machine", 503, UpstreamFailureKind.Unreachable, "Azure's metadata service answers 503")]
    [InlineData("machine", 400, UpstreamFailureKind.Misconfigured, "no managed identity that may be used: assign one")]
    public async Task A_service_that_fails_is_no_refusal(string way, int status, UpstreamFailureKind kind, string saying)
    {
        await using var azure = await AzureCloud.Start();
        azure.Away = status;
        await using var registry = await AzureRegistry.Start();
        await using var cluster =
            await GrainCluster.Start(
                PrincipalYaml.Of(registry.Url,
                    way == "secret" ? Secret(azure) : $"type: acr, clientId: {Guid.NewGuid()}, metadataEndpoint: \"{azure.Url}\""));
        var failure = (await GetToken(cluster)).Failure!;
        Assert.Equal(kind, failure.Kind);
        Assert.Contains(saying, failure.Message);
        Assert.DoesNotContain("canary", failure.Message);
    }

    [Theory]
    [InlineData("nowhere", ", tenantId: a, clientId: b", "the secret file is missing", "nowhere")]
    [InlineData("token", "", "needs tenantId and clientId", "needs tenantId and clientId")]
    public async Task A_federated_token_that_cannot_be_used_says_why(string name, string ids, string told, string detail)
    {
        await using var azure = await AzureCloud.Start();
        await using var registry = await AzureRegistry.Start();
        using var folder = new TemporaryFolder();
        folder.Write("token", AzureCloud.Assertion);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(
            registry.Url, $"type: acr, federatedTokenFile: {folder.File(name)}, authority: \"{azure.Url}\"{ids}"));
        var failure = (await GetToken(cluster)).Failure!;
        Assert.Equal(UpstreamFailureKind.Misconfigured, failure.Kind);
        Assert.Contains(told, failure.Message);
        Assert.DoesNotContain(folder.Path, failure.Message);
        Assert.Contains(detail, (await cluster.Client.GetGrain<IUpstreamStatusGrain>("up0").Describe()).LastError);
    }

    [Fact]
    public async Task A_registry_that_refuses_the_principal_says_which_role_it_needs()
    {
        await using var azure = await AzureCloud.Start();
        await using var registry = await AzureRegistry.Start();
        registry.Away = 403;
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, Secret(azure)));
        Assert.Contains("needs the role AcrPull", (await GetToken(cluster)).Failure!.Message);
    }
}
