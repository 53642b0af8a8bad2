using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>Everybody pulls at once from a cluster that knows nothing yet.</summary>
[Collection(AloneCollection.Name)]
public sealed class ColdPullTests(ITestOutputHelper output)
{
    private const int Repositories = 20;

    [Fact]
    public async Task A_scope_costs_the_upstream_one_token_call_whatever_comes_through_gateways_and_silos()
    {
        var calls = new ConcurrentDictionary<string, int>();
        await using var upstream = await RecordingUpstream.Start(context => Serve(context, calls));
        var pulls = await Pull(upstream.Url, "type: basic, username: me, password: { value: canary }");
        output.WriteLine(
            $"{pulls} pulls of {Repositories} repositories: {calls.Values.Sum()} token calls, " +
            $"{upstream.Requests.Count(request => request.Target == "/v2/")} pings");
        Assert.Equal(Repositories, calls.Count);
        Assert.All(calls, call => Assert.Equal(1, call.Value));

        // One is the silo's; a gateway whose pulls wait for long asks whether the host still answers, every two seconds at most.
        Assert.InRange(upstream.Requests.Count(request => request.Target == "/v2/"), 1, 10);
    }

    [Fact]
    public async Task A_principal_of_aws_is_asked_for_once_before_a_real_registry()
    {
        await using var aws = await AwsCloud.Start();
        await using var registry = await DockerRegistry.StartBasic(AwsCloud.RegistryUser, AwsCloud.RegistryPassword);
        var pulls = await Pull(registry.Url,
            $"type: ecr, region: eu-west-1, endpoint: \"{aws.Url}\", stsEndpoint: \"{aws.Url}\", accessKeyId: {AwsCloud.UserKey}, "
            + $"secretAccessKey: {{ value: {AwsCloud.UserSecret} }}, roleArn: \"{AwsCloud.PullRole}\", externalId: {AwsCloud.ExternalId}");
        output.WriteLine($"{pulls} pulls of {Repositories} repositories: {string.Join(", ", aws.Calls.Select(call => call.Service))}");
        Assert.Equal(["sts", "ecr"], aws.Calls.Select(call => call.Service));
    }

    [Fact]
    public async Task A_principal_of_azure_is_asked_for_once_and_each_scope_once_before_a_real_registry()
    {
        await using var azure = await AzureCloud.Start();
        await using var registry = await AzureRegistry.Start();
        var pulls = await Pull(registry.Url,
            $"type: acr, tenantId: {AzureCloud.Tenant}, clientId: {AzureCloud.Client}, clientSecret: {{ " +
            $"value: {AzureCloud.ClientSecret} }}, authority: \"{azure.Url}\"");
        output.WriteLine(
            $"{pulls} pulls of {Repositories} repositories: {azure.Calls.Count} calls to Entra, {registry.Exchanges} " +
            $"exchange, {registry.Calls.Count - registry.Exchanges} token calls");
        Assert.Single(azure.Calls);
        Assert.Equal(1, registry.Exchanges);
        Assert.Equal(Repositories, registry.Calls.Count - registry.Exchanges);
    }

    /// <summary>
    /// Everybody at once, through two gateways of two silos; the repositories are empty, which only an upstream says that was shown a good
    /// credential.
    /// </summary>
    private static async Task<int> Pull(string upstream, string credentials)
    {
        var pulls = Sizes.Of(1000, 10_000);
        await using var cluster = await DoorCluster.Start(
            upstream, silos: 2, gateways: 2, extraUpstream: $", credentials: {{ {credentials} }}");
        using var first = cluster.Gateways.First().Client("alice");
        using var second = cluster.Gateways.Last().Client("alice");
        var scopes = string.Join(' ', Enumerable.Range(0, Repositories).Select(number => RegistryClient.Pull($"cold/app-{number}")));
        var token = await first.Token(scopes);
        var answers = await Task.WhenAll(Enumerable.Range(0, pulls).Select(async number =>
        {
            await Task.Yield();
            using var response = await (number % 2 == 0 ? first : second).Send(
                HttpMethod.Get, $"/v2/cold/app-{number / 2 % Repositories}/manifests/v1", token);
            return response.StatusCode == HttpStatusCode.NotFound ? null : await response.Content.ReadAsStringAsync();
        }));
        var refused = answers.OfType<string>().ToList();
        Assert.True(refused.Count == 0, $"{refused.Count} of {pulls} did not get the registry's answer; {refused.FirstOrDefault()}");
        return pulls;
    }

    private static Task Serve(HttpContext context, ConcurrentDictionary<string, int> calls)
    {
        if (context.Request.Path == "/token")
        {
            calls.AddOrUpdate(context.Request.Query["scope"].ToString(), 1, (_, count) => count + 1);
            return context.Response.WriteAsync("""{"token":"t","expires_in":300}""");
        }

        context.Response.StatusCode = context.Request.Headers.Authorization == "Bearer t" && context.Request.Path != "/v2/" ? 404 : 401;
        context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\"";
        return Task.CompletedTask;
    }
}
