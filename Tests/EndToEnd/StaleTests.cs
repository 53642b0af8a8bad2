using System.Net;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Tags of the cache when they are old, when the account has no pulls left, and when the upstream cannot answer.</summary>
public sealed class StaleTests
{
    private const string First = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","n":1}""";
    private const string Second = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","n":2}""";

    [Fact]
    public async Task An_old_tag_is_asked_about_without_a_pull_and_stands_in_when_none_is_left()
    {
        await using var hub = await MeteredRegistry.Start();
        hub.Manifest = First;
        await using var door = await LeasedDoors.Take(Yaml(hub.Url));
        using var alice = door.Client("alice");
        await ShouldBe(alice, First, stale: false);
        await ShouldBe(alice, First, stale: false);
        await Eventually.True(
            async () =>
            {
                await ShouldBe(alice, First, stale: false);
                return hub.Heads > 1;
            },
            "the tag was asked about with HEAD");
        Assert.Equal(1, hub.UsedBy("me"));

        (hub.Limit, hub.Manifest) = (1, Second);
        await Eventually.True(async () => (await Get(alice)).Warning is not null,
            "the upstream has a newer one and allows no pull: the old one is served, and says so");
        await ShouldBe(alice, First, stale: true);
        hub.Renew();
        hub.Limit = 1000;
        await Eventually.True(async () => (await Get(alice)).Body == Second, "a new window", TimeSpan.FromSeconds(90));
    }

    [Theory]
    [InlineData(503, true, HttpStatusCode.OK)]
    [InlineData(500, true, HttpStatusCode.OK)]
    [InlineData(429, true, HttpStatusCode.OK)]
    [InlineData(404, false, HttpStatusCode.NotFound)]
    [InlineData(403, false, HttpStatusCode.BadGateway)]
    [InlineData(401, false, HttpStatusCode.BadGateway)]
    public async Task It_stands_in_for_who_cannot_answer_and_never_for_who_says_no(int failure, bool stale, HttpStatusCode status)
    {
        await using var hub = await MeteredRegistry.Start();
        hub.Manifest = First;
        await using var door = await LeasedDoors.Take(Yaml(hub.Url));
        using var alice = door.Client("alice");
        await ShouldBe(alice, First, stale: false);
        hub.Failure = failure;
        await Eventually.True(async () => await Get(alice) is var answer && (stale ? answer.Warning is not null : answer.Status == status),
            "the tag is old", TimeSpan.FromSeconds(30));
        var last = await Get(alice);
        Assert.Equal(status, last.Status);
        Assert.Equal(stale, last.Body == First);
        hub.Failure = 0;
        await Eventually.True(async () => await Get(alice) is { Status: HttpStatusCode.OK, Warning: null }, "all is well again",
            TimeSpan.FromSeconds(30));
    }

    private static async Task ShouldBe(RegistryClient client, string body, bool stale)
    {
        var answer = await Get(client);
        Assert.Equal((HttpStatusCode.OK, body, stale), (answer.Status, answer.Body, answer.Warning is not null));
    }

    private static async Task<(HttpStatusCode Status, string Body, string? Warning)> Get(RegistryClient client)
    {
        using var response = await client.GetManifest("team/app", "v1");
        return (response.StatusCode, await response.Content.ReadAsStringAsync(),
            response.Headers.TryGetValues("Warning", out var values) ? values.Single() : null);
    }

    private static string Yaml(string url) => DoorConfiguration.Single(
        url, ", credentials: { type: basic, username: me, password: { value: canary } }",
        "cache: { path: cache, maxBytes: 1GiB, tagTtl: 1s, staleIfError: 10m }", ", cache: true");
}
