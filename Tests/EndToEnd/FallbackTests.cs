using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Routes that name several upstreams.</summary>
public sealed class FallbackTests
{
    [Fact]
    public async Task A_pull_goes_on_to_the_next_upstream_when_one_does_not_have_it_or_is_away()
    {
        await using var first = await DockerRegistry.Start();
        await using var second = await DockerRegistry.Start();
        await using var door = await FrontDoor.Start(Yaml(first.Url, second.Url));
        using var alice = door.Client("alice");
        var image = TestImage.Build(400, 50_000);
        await alice.PushImage("second/app", "v1", image);
        await Pull(alice, image);
        first.Kill();
        await Pull(alice, image);
        Assert.Contains("v1", await (await alice.Do(
            HttpMethod.Get, "/v2/app/tags/list", RegistryClient.Pull("app"))).Content.ReadAsStringAsync());
        Assert.Contains("\"upstream\":\"second\"", door.Log);

        using var absent = await alice.GetManifest("app", "v2");
        await absent.ShouldFail(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        await first.Restart();
        await Eventually.True(async () =>
        {
            using var back = await alice.GetManifest("app", "v2");
            return back.StatusCode == HttpStatusCode.NotFound;
        }, "both say that there is no such tag");
    }

    [Fact]
    public async Task Writes_go_to_the_first_upstream_alone()
    {
        await using var first = await DockerRegistry.Start();
        await using var second = await RecordingUpstream.Agreeable();
        await using var door = await LeasedDoors.Take(Yaml(first.Url, second.Url));
        using var alice = door.Client("alice");
        await alice.PushImage("app", "v1", TestImage.Build(401, 1000));
        first.Kill();
        using var response = await alice.Do(HttpMethod.Post, "/v2/app/blobs/uploads/", RegistryClient.Push("app"));
        await response.ShouldFail(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        Assert.Empty(second.Requests);
    }

    [Theory]
    [InlineData("[notFound]", 404, 200)]
    [InlineData("[notFound]", 500, 502)]
    [InlineData("error", 404, 404)]
    [InlineData("[error]", 500, 200)]
    [InlineData("[error]", 429, 200)]
    [InlineData("[error]", 403, 200)]
    [InlineData("[error, notFound]", 404, 200)]
    [InlineData("[]", 404, 404)]
    [InlineData("[error, notFound]", 400, 400)]
    [InlineData("[error]", 416, 200)]
    public async Task What_is_fallen_back_on_is_configured(string fallbackOn, int firstAnswer, int expected)
    {
        await using var first = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : firstAnswer;
            return Task.CompletedTask;
        });
        await using var second = await RecordingUpstream.Agreeable();
        await using var door = await LeasedDoors.Take(Yaml(first.Url, second.Url, $", fallbackOn: {fallbackOn}"));
        using var alice = door.Client("alice");
        using var response = await alice.GetManifest("app", "v1");
        Assert.Equal(expected, (int)response.StatusCode);
        Assert.Equal(expected == 200, second.Requests.Any(request => request.Target == "/v2/inside/app/manifests/v1"));
    }

    private static string Yaml(string first, string second, string extra = "") => $$"""
        upstreams:
          first: { url: "{{first}}", allowPrivate: true }
          second: { url: "{{second}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes:
              - { prefix: "", upstream: [first, second], rewrite: inside{{extra}} }
              - { prefix: second, upstream: second, rewrite: inside }
            access: [{ name: all, who: ["user:alice"], repositories: ["**"], actions: [pull, push] }]
        """;

    private static async Task Pull(RegistryClient client, TestImage image)
    {
        using var manifest = await client.GetManifest("app", "v1");
        await manifest.ShouldBe(HttpStatusCode.OK);
        foreach (var layer in image.Layers)
        {
            using var blob = await client.GetBlob("app", layer.Digest);
            Assert.Equal(layer.Bytes, await blob.Content.ReadAsByteArrayAsync());
        }
    }
}
