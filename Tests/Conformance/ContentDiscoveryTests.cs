using System.Net;
using System.Text.Json;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Conformance;

/// <summary>OCI distribution-spec 1.1, "Content Discovery", over docker-registry 2.8, which has no referrers.</summary>
public sealed class ContentDiscoveryTests(Lab lab)
{
    private const string Repository = "team-a/conformance/discovery";

    [Fact]
    public async Task Tags_are_listed_page_by_page()
    {
        using var alice = (await lab.Door).Client("alice");
        var image = TestImage.Build(1920, 10);
        string[] tags = ["test0", "test1", "test2", "test3"];
        await alice.PushImage(Repository, tags[0], image);
        foreach (var tag in tags[1..])
        {
            using var put = await alice.PutManifest(Repository, tag, image.Manifest);
            await put.ShouldBe(HttpStatusCode.Created);
        }

        (string Query, string[] Tags)[] pages =
            [("", tags), ("?n=2", tags[..2]), ("?last=test1", tags[2..]), ("?n=2&last=test0", tags[1..3]), ("?n=0", [])];
        foreach (var (query, expected) in pages)
        {
            using var page = await alice.Do(HttpMethod.Get, $"/v2/{Repository}/tags/list{query}", RegistryClient.Pull(Repository));
            var listed = await TagsOf(page);
            Assert.Equal(expected, listed);
        }

        List<string> paged = [];
        for (var path = $"/v2/{Repository}/tags/list?n=3"; path is not null;)
        {
            using var page = await alice.Do(HttpMethod.Get, path, RegistryClient.Pull(Repository));
            paged.AddRange(await TagsOf(page));
            path = page.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : null;
        }

        Assert.Equal(tags, paged);
        using var none = await alice.Do(
            HttpMethod.Get, "/v2/team-a/conformance/none/tags/list", RegistryClient.Pull("team-a/conformance/none"));
        await none.ShouldFail(HttpStatusCode.NotFound, "NAME_UNKNOWN");
    }

    [Fact]
    public async Task Referrers_are_listed_and_filtered()
    {
        const string repository = "team-a/conformance/referrers";
        using var alice = (await lab.Door).Client("alice");
        var (image, unknown) = (TestImage.Build(1921, 10), TestBlob.Of("nobody refers to it").Digest);
        await Lists(alice, repository, unknown, "");

        // A subject that does not exist yet may be referred to.
        await alice.PushBlob(repository, TestReferrer.Config);
        var early = await Attach(alice, repository, image.Manifest.Digest, "application/vnd.early", 1);
        await Lists(alice, repository, image.Manifest.Digest, "", early);
        await alice.PushImage(repository, "v1", image);
        var late = await Attach(alice, repository, image.Manifest.Digest, "application/vnd.late", 2);
        await Lists(alice, repository, image.Manifest.Digest, "", early, late);
        await Lists(alice, repository, image.Manifest.Digest, "application/vnd.late", late);
        await Lists(alice, repository, image.Manifest.Digest, "application/vnd.other");
        using var wrong = await alice.Do(HttpMethod.Get, $"/v2/{repository}/referrers/sha256:short", RegistryClient.Pull(repository));
        await wrong.ShouldFail(HttpStatusCode.BadRequest, "DIGEST_INVALID");
    }

    private static async Task Lists(RegistryClient alice, string repository, Digest subject, string type, params string[] expected)
    {
        var listed = await alice.List(repository, subject, type);
        Assert.Equal(expected.Order(), listed.Order());
    }

    private static async Task<string> Attach(RegistryClient alice, string repository, Digest subject, string type, int number)
    {
        var referrer = TestReferrer.Of(subject, type, number);
        using var put = await alice.PutManifest(repository, referrer.Digest.Value, referrer);
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(subject.Value, TestReferrer.SubjectOf(put));
        return referrer.Digest.Value;
    }

    private static async Task<string[]> TagsOf(HttpResponseMessage response)
    {
        await response.ShouldBe(HttpStatusCode.OK);
        using var json = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(Repository, json.RootElement.GetProperty("name").GetString());
        return [.. json.RootElement.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!)];
    }
}
