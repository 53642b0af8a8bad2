using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support;
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
        var pulls = Sizes.Of(1000, 10_000);
        var calls = new ConcurrentDictionary<string, int>();
        await using var upstream = await RecordingUpstream.Start(context => Serve(context, calls));
        await using var cluster = await DoorCluster.Start(
            upstream.Url, silos: 2, gateways: 0, extraUpstream: ", credentials: { type: basic, username: me, password: { value: canary } }");
        var gateways = new[] { await cluster.StartGateway(), await cluster.StartGateway() };
        foreach (var gateway in gateways)
        {
            await gateway.Ready();
        }

        using var first = gateways[0].Client("alice");
        using var second = gateways[1].Client("alice");
        var scopes = string.Join(' ', Enumerable.Range(0, Repositories).Select(number => RegistryClient.Pull($"cold/app-{number}")));
        var token = await first.Token(scopes);
        var answers = await Task.WhenAll(Enumerable.Range(0, pulls).Select(async number =>
        {
            await Task.Yield();
            using var response = await (number % 2 == 0 ? first : second).Send(HttpMethod.Get, $"/v2/cold/app-{number / 2 % Repositories}/manifests/v1", token);
            return response.StatusCode;
        }));
        output.WriteLine($"{pulls} pulls of {Repositories} repositories: {calls.Values.Sum()} token calls, {upstream.Requests.Count(request => request.Target == "/v2/")} pings");
        Assert.All(answers, status => Assert.Equal(HttpStatusCode.NotFound, status));
        Assert.Equal(Repositories, calls.Count);
        Assert.All(calls, call => Assert.Equal(1, call.Value));
        Assert.Equal(1, upstream.Requests.Count(request => request.Target == "/v2/"));
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
