using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Repositories that a stranger makes up cost the cluster and the upstream little, and nobody who pulls what is there.</summary>
public sealed class InventedNameTests(Lab lab)
{
    [Fact]
    public async Task Whoever_asks_for_what_is_not_there_soon_gets_no_new_names_and_pulls_on()
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single((await lab.Registry).Url));
        using var alice = door.Client("alice");
        await alice.PushImage("invented/real", "v1", TestImage.Build(190, 1000));
        using var stranger = door.Client();
        Assert.Equal(HttpStatusCode.OK, await Pull(stranger, "invented/real", "v1"));
        Dictionary<HttpStatusCode, int> answers = [];
        for (var i = 0; i < 600; i++)
        {
            var status = await Pull(stranger, $"invented/name-{i}", "v1");
            answers[status] = answers.GetValueOrDefault(status) + 1;
        }

        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.TooManyRequests], answers.Keys.Order());
        var grains = await door.Metric("orleans_catalog_activation_created_total", "grain_type=\"upstreamtoken\"");
        Assert.InRange(grains, 200, answers[HttpStatusCode.NotFound] + 10);
        Assert.Equal(HttpStatusCode.OK, await Pull(stranger, "invented/real", "v1"));
        using var login = await alice.Do(HttpMethod.Get, "/v2/invented/other/tags/list", RegistryClient.Pull("invented/other"));
        await login.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Two_thousand_made_up_names_at_once_cost_the_upstream_as_few_tokens_as_one_after_the_other()
    {
        var tokens = 0;
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/token")
            {
                Interlocked.Increment(ref tokens);
                await Task.Delay(300);
                await context.Response.WriteAsync("""{"token":"t","expires_in":300}""");
                return;
            }

            var path = context.Request.Path.Value!;
            context.Response.StatusCode = path == "/v2/" ? 401 : path.StartsWith("/v2/good/", StringComparison.Ordinal) ? 200 : 404;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\"";
            if (context.Response.StatusCode == 200)
            {
                context.Response.ContentType = TestImage.OciManifest;
                await context.Response.WriteAsync("{}");
            }
        });
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using var stranger = door.Client();
        Assert.Equal(HttpStatusCode.OK, await Pull(stranger, "good/known", "v1"));
        var names = Enumerable.Range(0, 2000).Select(number => $"bad/name-{number}").ToList();
        await Task.WhenAll(names.Chunk(20).Select(part => stranger.Token(ScopesOf(part))));
        var clock = Stopwatch.StartNew();
        var flood = names.Chunk(20).SelectMany(part => part.Select(async name =>
        {
            using var answer = await stranger.Do(
                HttpMethod.Get, $"/v2/{name}/manifests/v1", ScopesOf(part), null, ("Accept", TestImage.OciManifest));
            return answer.StatusCode;
        })).ToList();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await Pull(alice, $"good/new-{i}", "v1"));
            Assert.Equal(HttpStatusCode.OK, await Pull(stranger, "good/known", "v1"));
        }

        var answers = (await Task.WhenAll(flood)).CountBy(status => status).ToDictionary();
        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.TooManyRequests], answers.Keys.Order());
        Assert.InRange(tokens, 200, 240 + (5 * (int)clock.Elapsed.TotalSeconds));

        static string ScopesOf(string[] repositories) => string.Join(' ', repositories.Select(RegistryClient.Pull));
    }

    private static async Task<HttpStatusCode> Pull(RegistryClient client, string repository, string tag)
    {
        using var answer = await client.Do(
            HttpMethod.Get, $"/v2/{repository}/manifests/{tag}", RegistryClient.Pull(repository), null, ("Accept", TestImage.OciManifest));
        return answer.StatusCode;
    }
}
