using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Signatures and the like on a registry that has no referrers API.</summary>
public sealed class ReferrersTests(Lab lab)
{
    private const string Signature = "application/vnd.example.signature";
    private const string Bill = "application/vnd.example.bill+json";

    [Fact]
    public async Task What_is_attached_is_listed_filtered_and_gone_when_it_is_deleted()
    {
        const string Repository = "team-a/referrers";
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var image = TestImage.Build(1801, 10);
        await alice.PushImage(Repository, "v1", image);
        await alice.PushBlob(Repository, TestReferrer.Config);
        var subject = image.Manifest.Digest;
        Assert.Empty(await alice.List(Repository, subject));

        var (signature, bill) = (TestReferrer.Of(subject, Signature), TestReferrer.Of(subject, Bill));
        foreach (var manifest in new[] { signature, bill, signature })
        {
            using var attached = await alice.PutManifest(Repository, manifest.Digest.Value, manifest);
            await attached.ShouldBe(HttpStatusCode.Created);
            Assert.Equal(subject.Value, TestReferrer.SubjectOf(attached));
        }

        Assert.Equal([signature.Digest.Value, bill.Digest.Value], await alice.List(Repository, subject));
        Assert.Equal([bill.Digest.Value], await alice.List(Repository, subject, Bill));
        Assert.Empty(await alice.List(Repository, subject, "none"));
        using var head = await alice.Do(HttpMethod.Head, $"/v2/{Repository}/referrers/{subject}", RegistryClient.Pull(Repository));
        await head.ShouldBe(HttpStatusCode.OK);

        using var deleted = await alice.Do(
            HttpMethod.Delete, $"/v2/{Repository}/manifests/{signature.Digest}", $"repository:{Repository}:delete");
        await deleted.ShouldBe(HttpStatusCode.Accepted);
        Assert.Equal([bill.Digest.Value], await alice.List(Repository, subject));
    }

    [Fact]
    public async Task What_was_deleted_past_the_door_keeps_nobody_from_attaching()
    {
        const string Repository = "team-a/gone";
        var (door, registry) = (await lab.Door, await lab.Registry);
        using var alice = door.Client("alice");
        var image = TestImage.Build(1802, 10);
        await alice.PushImage(Repository, "v1", image);
        await alice.PushBlob(Repository, TestReferrer.Config);
        var subject = image.Manifest.Digest;
        var manifests = Enumerable.Range(0, 3).Select(number => TestReferrer.Of(subject, Signature, number)).ToList();
        foreach (var manifest in manifests.Take(2))
        {
            (await alice.PutManifest(Repository, manifest.Digest.Value, manifest)).Dispose();
        }

        using var http = new HttpClient();
        using var past = await http.DeleteAsync($"{registry.Url}/v2/{Repository}/manifests/{manifests[0].Digest}");
        await past.ShouldBe(HttpStatusCode.Accepted);
        using var attached = await alice.PutManifest(Repository, manifests[2].Digest.Value, manifests[2]);
        Assert.Equal(subject.Value, TestReferrer.SubjectOf(attached));
        Assert.Equal([manifests[1].Digest.Value, manifests[2].Digest.Value], await alice.List(Repository, subject));
    }

    [Fact]
    public async Task Who_attach_at_once_through_two_gateways_are_all_listed()
    {
        const string Repository = "app";
        var registry = await lab.Registry;
        await using var door = await SplitDoor.Start(
            "cache: { path: cache, tagTtl: 1h }\n" + DoorConfiguration.Single(registry.Url, extraRoute: ", cache: true"), gateways: 2);
        using var one = new RegistryClient(door.Gateways[0], "alice", FrontDoor.PasswordOf("alice"));
        using var other = new RegistryClient(door.Gateways[1], "alice", FrontDoor.PasswordOf("alice"));
        var image = TestImage.Build(1803, 10);
        await one.PushImage(Repository, "v1", image);
        await one.PushBlob(Repository, TestReferrer.Config);
        var subject = image.Manifest.Digest;
        var manifests = Enumerable.Range(0, 20).Select(number => TestReferrer.Of(subject, Signature, number)).ToList();
        await Task.WhenAll(manifests.Select(async (manifest, number) =>
        {
            using var attached = await (number % 2 == 0 ? one : other).PutManifest(Repository, manifest.Digest.Value, manifest);
            await attached.ShouldBe(HttpStatusCode.Created);
            Assert.Equal(subject.Value, TestReferrer.SubjectOf(attached));
        }));
        foreach (var client in new[] { one, other })
        {
            Assert.Equal(manifests.Select(manifest => manifest.Digest.Value).Order(), (await client.List(Repository, subject)).Order());

            // The tag itself, which both have a cache for.
            using var tag = await client.GetManifest(Repository, $"sha256-{subject.Hex}");
            Assert.Equal(20, System.Text.Json.JsonDocument.Parse(await tag.Content.ReadAsByteArrayAsync()).RootElement.GetProperty(
                "manifests").GetArrayLength());
        }
    }
}
