using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Manifests and blobs, as clients read them.</summary>
public sealed class PullTests(Lab lab)
{
    [Fact]
    public async Task Manifests_come_with_type_length_and_digest_by_tag_and_by_digest_and_for_head()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var image = TestImage.Build(60, 10);
        await alice.PushImage("team-a/manifests", "v1", image);
        foreach (var reference in new[] { "v1", image.Manifest.Digest.Value })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                using var response = await alice.Do(method, $"/v2/team-a/manifests/manifests/{reference}",
                    RegistryClient.Pull("team-a/manifests"), null, ("Accept", TestImage.OciManifest));
                await response.ShouldBe(HttpStatusCode.OK);
                Assert.Equal(image.Manifest.Digest.Value, response.Headers.GetValues("Docker-Content-Digest").Single());
                Assert.Equal(image.Manifest.Bytes.Length, response.Content.Headers.ContentLength);
                Assert.Equal(TestImage.OciManifest, response.Content.Headers.ContentType!.ToString());
                Assert.Equal(method == HttpMethod.Head ? [] : image.Manifest.Bytes, await response.Content.ReadAsByteArrayAsync());
            }
        }
    }

    [Fact]
    public async Task A_multi_arch_index_is_pushed_and_pulled()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var (amd, arm) = (TestImage.Build(61, 10), TestImage.Build(62, 10));
        await alice.PushImage("team-a/multi", "amd64", amd);
        await alice.PushImage("team-a/multi", "arm64", arm);
        var index = TestImage.Index((amd, "amd64"), (arm, "arm64"));
        using (var put = await alice.PutManifest("team-a/multi", "v1", index, TestImage.OciIndex))
        {
            await put.ShouldBe(HttpStatusCode.Created);
            Assert.Equal($"/v2/team-a/multi/manifests/{index.Digest}", put.Headers.Location!.OriginalString);
        }

        var docker = (await lab.Docker).NewClient();
        (await docker.Login(door.Authority, "bob", FrontDoor.PasswordOf("bob"))).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/team-a/multi:v1")).ShouldSucceed();
    }

    [Fact]
    public async Task Ranges_are_exact_and_outside_ones_416()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var blob = TestBlob.Random(63, 2048);
        await alice.PushBlob("team-a/ranges", blob);
        foreach (var (range, from, to) in new[] { ("bytes=0-0", 0, 0), ("bytes=10-99", 10, 99), ("bytes=2000-", 2000, 2047),
            ("bytes=-48", 2000, 2047), ("bytes=100-99999", 100, 2047) })
        {
            using var part = await alice.GetBlob("team-a/ranges", blob.Digest, ("Range", range));
            await part.ShouldBe(HttpStatusCode.PartialContent);
            Assert.Equal($"bytes {from}-{to}/2048", part.Content.Headers.ContentRange!.ToString());
            Assert.Equal(blob.Bytes[from..(to + 1)], await part.Content.ReadAsByteArrayAsync());
        }

        using var outside = await alice.GetBlob("team-a/ranges", blob.Digest, ("Range", "bytes=5000-6000"));
        await outside.ShouldFail(HttpStatusCode.RequestedRangeNotSatisfiable, "SIZE_INVALID");
        Assert.Equal("bytes */2048", outside.Content.Headers.ContentRange!.ToString());
        using var several = await alice.GetBlob("team-a/ranges", blob.Digest, ("Range", "bytes=0-1,5-6"));
        await several.ShouldBe(blob, (0, 1), (5, 6));
    }

    [Fact]
    public async Task Names_are_rewritten_on_the_way_and_back()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage("rewritten/app", "v1", TestImage.Build(64, 10));
        using var upstream = new RegistryClient((await lab.Registry).Url, null, null);
        using var there = await upstream.Send(HttpMethod.Get, "/v2/deep/inside/app/tags/list");
        await there.ShouldBe(HttpStatusCode.OK);
        using var here = await alice.Do(HttpMethod.Get, "/v2/rewritten/app/tags/list", RegistryClient.Pull("rewritten/app"));
        Assert.Equal("""{"name":"rewritten/app","tags":["v1"]}""", await here.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_namespace_is_a_way_to_a_public_name_for_reading_alone()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage("rewritten/public/ns", "v1", TestImage.Build(65, 10));
        using var anonymous = door.Client();
        var token = await anonymous.Token(RegistryClient.Pull("rewritten/public/ns"));
        using var good = await anonymous.Send(
            HttpMethod.Get, "/v2/deep/inside/public/ns/manifests/v1?ns=mirror.example", token, null, ("Accept", TestImage.OciManifest));
        await good.ShouldBe(HttpStatusCode.OK);
        Assert.Equal("mirror.example", good.Headers.GetValues("OCI-Namespace").Single());
        using var outside = await anonymous.Send(HttpMethod.Get, "/v2/elsewhere/ns/manifests/v1?ns=mirror.example", token);
        await outside.ShouldFail(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        using var unknown = await anonymous.Send(HttpMethod.Get, "/v2/deep/inside/public/ns/manifests/v1?ns=evil.example", token);
        await unknown.ShouldFail(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        using var write = await alice.Do(
            HttpMethod.Post, "/v2/deep/inside/public/ns/blobs/uploads/?ns=mirror.example", RegistryClient.Push("rewritten/public/ns"));
        await write.ShouldFail(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
        using var own = await anonymous.Send(
            HttpMethod.Get, "/v2/rewritten/public/ns/manifests/v1?ns=127.0.0.1", token, null, ("Accept", TestImage.OciManifest));
        await own.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_warm_pull_makes_no_grain_call()
    {
        var registry = await lab.Registry;
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(registry.Url));
        using var alice = door.Client("alice");
        var image = TestImage.Build(66, 10);
        await alice.PushImage("warm/app", "v1", image);
        await Pull();
        const string Counter = "registryproxy_gateway_grain_calls_total";
        var before = await door.Metric(Counter) - await door.Metric(Counter, "grain=\"snapshot\"");
        for (var i = 0; i < 200; i++)
        {
            await Pull();
        }

        Assert.Equal(before, await door.Metric(Counter) - await door.Metric(Counter, "grain=\"snapshot\""));

        async Task Pull()
        {
            using var manifest = await alice.GetManifest("warm/app", "v1");
            await manifest.ShouldBe(HttpStatusCode.OK);
            using var blob = await alice.GetBlob("warm/app", image.Config.Digest);
            Assert.Equal(image.Config.Bytes, await blob.Content.ReadAsByteArrayAsync());
        }
    }
}
