using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Tags and the catalog: sorted, paged, and only what the caller may see.</summary>
public sealed class ListingTests(Lab lab)
{
    [Fact]
    public async Task Tags_are_sorted_and_paged_though_the_upstream_does_neither()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var image = TestImage.Build(80, 10);
        await alice.PushImage("team-a/tags", "c", image);
        foreach (var tag in new[] { "a", "B", "b", "10", "9" })
        {
            using var put = await alice.PutManifest("team-a/tags", tag, image.Manifest);
            await put.ShouldBe(HttpStatusCode.Created);
        }

        string[] expected = ["10", "9", "B", "a", "b", "c"];
        Assert.Equal(expected, await Names(alice, "/v2/team-a/tags/tags/list", "team-a/tags", "tags"));
        List<string> paged = [];
        string? next = "/v2/team-a/tags/tags/list?n=2";
        while (next is not null)
        {
            using var page = await alice.Do(HttpMethod.Get, next, RegistryClient.Pull("team-a/tags"));
            var tags = JsonDocument.Parse(await page.Content.ReadAsStringAsync()).RootElement.GetProperty("tags").EnumerateArray()
                .Select(tag => tag.GetString()!).ToList();
            Assert.True(tags.Count <= 2);
            paged.AddRange(tags);
            next = page.Headers.TryGetValues("Link", out var link) ? link.Single()[1..link.Single().IndexOf('>')] : null;
        }

        Assert.Equal(expected, paged);
        Assert.Empty(await Names(alice, "/v2/team-a/tags/tags/list?n=0", "team-a/tags", "tags"));
        Assert.Empty(await Names(alice, "/v2/team-a/tags/tags/list?last=zzz", "team-a/tags", "tags"));
        foreach (var bad in new[] { "n=-1", "n=abc", "n=1&n=2", "n=%zz" })
        {
            using var response = await alice.Do(HttpMethod.Get, $"/v2/team-a/tags/tags/list?{bad}", RegistryClient.Pull("team-a/tags"));
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }
    }

    [Fact]
    public async Task The_catalog_shows_public_names_of_what_the_caller_may_pull()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start($$"""
            upstreams: { local: { url: "{{upstream.Url}}", allowPrivate: true } }
            authenticators: { staff: { type: htpasswd, file: htpasswd } }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff]
                routes: [ { prefix: "", upstream: local }, { prefix: inner, upstream: local, rewrite: team-a } ]
                access:
                  - { name: lists, who: ["user:alice", "user:bob"], repositories: ["none"], actions: [catalog] }
                  - { name: alice, who: ["user:alice"], repositories: ["public/**", "inner/**"], actions: [pull] }
            """);
        using var alice = door.Client("alice");
        using var bob = door.Client("bob");
        using var carol = door.Client("carol");
        Assert.Equal(["inner/a", "public/a"], await Names(alice, "/v2/_catalog", null, "repositories"));
        Assert.Empty(await Names(bob, "/v2/_catalog", null, "repositories"));
        using var denied = await carol.Do(HttpMethod.Get, "/v2/_catalog", "registry:catalog:*");
        await denied.ShouldFail(HttpStatusCode.Forbidden, "DENIED");
    }

    private static async Task<List<string>> Names(RegistryClient client, string path, string? repository, string member)
    {
        using var response = await client.Do(
            HttpMethod.Get, path, repository is null ? "registry:catalog:*" : RegistryClient.Pull(repository));
        await response.ShouldBe(HttpStatusCode.OK);
        return [.. JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty(member).EnumerateArray()
            .Select(name => name.GetString()!)];
    }
}
