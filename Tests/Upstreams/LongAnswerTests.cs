using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>The libraries of clouds read whatever comes; through ours they read 64 KiB, by every way to a token.</summary>
[Collection(nameof(AcrTests))]
public sealed class LongAnswerTests
{
    [Fact]
    public async Task Metadata_and_token_services_have_64_KiB_for_an_answer()
    {
        await using var google = await GoogleCloud.Start();
        await using var azure = await AzureCloud.Start();
        await using var aws = await AwsCloud.Start();
        await using var acr = await AzureRegistry.Start();
        await using var basic = await RecordingUpstream.Start(context =>
        {
            if (context.Request.Headers.Authorization.Count == 0)
            {
                (context.Response.StatusCode, context.Response.Headers.WWWAuthenticate) = (401, "Basic realm=\"registry\"");
            }

            return Task.CompletedTask;
        });
        using var folder = new TemporaryFolder();
        var subject = folder.Write("subject", GoogleCloud.SubjectToken);
        var ours = $"type: google, tokenEndpoint: \"{google.Url}\", stsEndpoint: \"{google.Url}\", iamEndpoint: " +
            $"\"{google.Url}\", metadataEndpoint: \"{google.Url}\"";
        var user = $"type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", stsEndpoint: \"{aws.Url}\", " +
            $"accessKeyId: {AwsCloud.UserKey}, secretAccessKey: {{ value: {AwsCloud.UserSecret} }}";
        string[] ways =
        [
            ours,
            $"{ours}, keyFile: {folder.Write("key.json", google.KeyFile())}",
            $"{ours}, keyFile: {folder.Write("federation.json", GoogleCloud.FederationFile(subject, impersonate: false))}",
            $"type: acr, clientId: {Guid.NewGuid()}, metadataEndpoint: \"{azure.Url}\"",
            $"type: acr, tenantId: {AzureCloud.Tenant}, clientId: {AzureCloud.Client}, clientSecret: {{ " +
            $"value: {AzureCloud.ClientSecret} }}, authority: \"{azure.Url}\"",
            user,
            $"{user}, roleArn: \"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId}",
        ];
        (google.Padding, azure.Padding, aws.Padding) = (1024 * 1024, 1024 * 1024, 1024 * 1024);
        await using (var cluster = await GrainCluster.Start(Yaml(ways, basic.Url, acr.Url)))
        {
            Assert.All(await GetTokens(cluster, ways.Length), token =>
            {
                Assert.Null(token.Token);
                Assert.Contains("answers with more than 64 KiB", token.Failure!.Message);
            });
        }

        // The library of Azure keeps a token for the whole process, so the machine is one of this test's own, and what is good comes last.
        (google.Padding, azure.Padding, aws.Padding) = (16 * 1024, 16 * 1024, 16 * 1024);
        await using (var cluster = await GrainCluster.Start(Yaml(ways, basic.Url, acr.Url)))
        {
            Assert.All(await GetTokens(cluster, ways.Length), token => Assert.True(token.Token is not null, token.Failure?.Message));
        }
    }

    private static string Yaml(string[] ways, string basic, string acr) => ways.Index()
        .Where(way => way.Item.StartsWith("type: acr", StringComparison.Ordinal))
        .Aggregate(PrincipalYaml.Of(basic, ways),
            (yaml, way) => yaml.Replace($"up{way.Index}: {{ url: \"{basic}\"", $"up{way.Index}: {{ url: \"{acr}\""));

    private static Task<UpstreamTokenResult[]> GetTokens(GrainCluster cluster, int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(number =>
        cluster.Client.GetGrain<IUpstreamTokenGrain>($"up{number}|repository:a/b:pull").GetToken().AsTask()));
}
