using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Conformance;

/// <summary>OCI distribution-spec 1.1, "Push", over docker-registry 2.8.</summary>
public sealed class PushWorkflowTests(Lab lab)
{
    private const string Repository = "team-a/conformance/push";

    [Fact]
    public async Task A_blob_is_streamed()
    {
        using var alice = (await lab.Door).Client("alice");
        var blob = TestBlob.Random(1910, 4000);
        var location = await alice.StartUpload(Repository);
        using var patch = await alice.Do(
            HttpMethod.Patch, location, RegistryClient.Push(Repository), new ByteArrayContent(blob.Bytes), ("Content-Type", Octets));
        await patch.ShouldBe(HttpStatusCode.Accepted);
        await Finish(alice, patch.Headers.Location!.OriginalString, blob, null);
        await IsThere(alice, Repository, blob);
    }

    [Fact]
    public async Task A_blob_is_pushed_whole()
    {
        using var alice = (await lab.Door).Client("alice");
        var (posted, put) = (TestBlob.Random(1911, 300), TestBlob.Random(1912, 3000));
        using (var none = await alice.GetBlob(Repository, put.Digest))
        {
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        }

        using (var post = await alice.Do(
            HttpMethod.Post, $"/v2/{Repository}/blobs/uploads/?digest={posted.Digest}", RegistryClient.Push(Repository),
            new ByteArrayContent(posted.Bytes), ("Content-Type", Octets)))
        {
            Assert.Contains(post.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.Accepted });
            Assert.NotNull(post.Headers.Location);
            using var there = await alice.GetBlob(Repository, posted.Digest);
            Assert.Equal(post.StatusCode == HttpStatusCode.Created ? HttpStatusCode.OK : HttpStatusCode.NotFound, there.StatusCode);
        }

        await Finish(alice, await alice.StartUpload(Repository), put, put.Bytes);
        await IsThere(alice, Repository, put);
        var empty = TestBlob.Of("");
        await Finish(alice, await alice.StartUpload(Repository), empty, []);
        await IsThere(alice, Repository, empty);
    }

    [Fact]
    public async Task A_blob_is_pushed_in_chunks()
    {
        using var alice = (await lab.Door).Client("alice");
        var blob = TestBlob.Random(1913, 3000);
        var location = await alice.StartUpload(Repository);
        using (var early = await Chunk(alice, location, blob, 1500, 3000))
        {
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, early.StatusCode);
        }

        using (var first = await Chunk(alice, location, blob, 0, 1500))
        {
            await first.ShouldBe(HttpStatusCode.Accepted);
            Assert.Equal("0-1499", first.Headers.GetValues("Range").Single());
            location = first.Headers.Location!.OriginalString;
        }

        using (var again = await Chunk(alice, location, blob, 0, 1500))
        {
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, again.StatusCode);
        }

        using (var status = await alice.Do(HttpMethod.Get, location, RegistryClient.Push(Repository)))
        {
            await status.ShouldBe(HttpStatusCode.NoContent);
            Assert.Equal("0-1499", status.Headers.GetValues("Range").Single());
            location = status.Headers.Location!.OriginalString;
        }

        using (var second = await Chunk(alice, location, blob, 1500, 3000))
        {
            await second.ShouldBe(HttpStatusCode.Accepted);
            location = second.Headers.Location!.OriginalString;
        }

        await Finish(alice, location, blob, null);
        await IsThere(alice, Repository, blob);
        using var gone = await alice.Do(HttpMethod.Get, location, RegistryClient.Push(Repository));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task An_upload_is_cancelled_and_a_wrong_digest_is_refused()
    {
        using var alice = (await lab.Door).Client("alice");
        var location = await alice.StartUpload(Repository);
        using (var cancel = await alice.Do(HttpMethod.Delete, location, RegistryClient.Push(Repository)))
        {
            await cancel.ShouldBe(HttpStatusCode.NoContent);
        }

        using var wrong = await alice.Do(
            HttpMethod.Put, $"{await alice.StartUpload(Repository)}?digest={TestBlob.Of("other").Digest}", RegistryClient.Push(Repository),
            new ByteArrayContent([1, 2, 3]));
        await wrong.ShouldFail(HttpStatusCode.BadRequest, "DIGEST_INVALID");
    }

    [Fact]
    public async Task A_blob_is_mounted()
    {
        using var alice = (await lab.Door).Client("alice");
        var (blob, target) = (TestBlob.Random(1914, 500), "team-a/conformance/mounted");
        await alice.PushBlob(Repository, blob);
        var scope = $"{RegistryClient.Push(target)} {RegistryClient.Pull(Repository)}";
        using (var mount = await alice.Do(HttpMethod.Post, $"/v2/{target}/blobs/uploads/?mount={blob.Digest}&from={Repository}", scope))
        {
            await mount.ShouldBe(HttpStatusCode.Created);
            Assert.Contains(blob.Digest.Value, mount.Headers.Location!.OriginalString);
        }

        await IsThere(alice, target, blob);
        var nowhere = TestBlob.Of("nowhere").Digest;
        foreach (var query in new[] { $"mount={nowhere}&from={Repository}", $"mount={nowhere}" })
        {
            using var upload = await alice.Do(HttpMethod.Post, $"/v2/{target}/blobs/uploads/?{query}", scope);
            await upload.ShouldBe(HttpStatusCode.Accepted);
            Assert.NotNull(upload.Headers.Location);
        }
    }

    [Fact]
    public async Task A_manifest_is_pushed()
    {
        using var alice = (await lab.Door).Client("alice");
        var image = TestImage.Build(1915, 100);
        using (var none = await alice.GetManifest(Repository, image.Manifest.Digest.Value))
        {
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        }

        await alice.PushImage(Repository, "v1", image);
        using (var put = await alice.PutManifest(Repository, image.Manifest.Digest.Value, image.Manifest))
        {
            await put.ShouldBe(HttpStatusCode.Created);
            Assert.EndsWith($"/{image.Manifest.Digest}", put.Headers.Location!.OriginalString);
        }

        var config = $$"""{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{image.Config.Digest}}","size":0}""";
        var empty = TestBlob.Of($$"""{"schemaVersion":2,"mediaType":"{{TestImage.OciManifest}}","config":{{config}},"layers":[]}""");
        using var layerless = await alice.PutManifest(Repository, "emptylayer", empty);
        await layerless.ShouldBe(HttpStatusCode.Created);
        (string, TestBlob)[] pushed = [(image.Manifest.Digest.Value, image.Manifest), ("v1", image.Manifest), ("emptylayer", empty)];
        foreach (var (reference, manifest) in pushed)
        {
            using var there = await alice.GetManifest(Repository, reference);
            Assert.Equal(manifest.Bytes, await there.Content.ReadAsByteArrayAsync());
        }

        using var tagged = await alice.Do(
            HttpMethod.Put, $"/v2/{Repository}/manifests/{image.Manifest.Digest}?tag=t1&tag=t2", RegistryClient.Push(Repository),
            new ByteArrayContent(image.Manifest.Bytes), ("Content-Type", TestImage.OciManifest));
        await tagged.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(["t1", "t2"], tagged.Headers.GetValues("OCI-Tag").SelectMany(tags => tags.Split(", ")));
    }

    private const string Octets = "application/octet-stream";

    private static Task<HttpResponseMessage> Chunk(RegistryClient alice, string location, TestBlob blob, int from, int end) => alice.Do(
        HttpMethod.Patch, location, RegistryClient.Push(Repository), new ByteArrayContent(blob.Bytes[from..end]), ("Content-Type", Octets),
        ("Content-Range", $"{from}-{end - 1}"));

    private static async Task Finish(RegistryClient alice, string location, TestBlob blob, byte[]? rest)
    {
        using var put = await alice.Do(
            HttpMethod.Put, $"{location}{(location.Contains('?') ? '&' : '?')}digest={blob.Digest}", RegistryClient.Push(Repository),
            rest is null ? null : new ByteArrayContent(rest));
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.EndsWith($"/v2/{Repository}/blobs/{blob.Digest}", put.Headers.Location!.OriginalString);
    }

    private static async Task IsThere(RegistryClient alice, string repository, TestBlob blob)
    {
        using var there = await alice.GetBlob(repository, blob.Digest);
        await there.ShouldBe(HttpStatusCode.OK);
        Assert.Equal(blob.Bytes, await there.Content.ReadAsByteArrayAsync());
    }
}
