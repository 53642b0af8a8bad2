using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Uploads of every form (OCI distribution-spec, "Push").</summary>
public sealed class UploadTests(Lab lab)
{
    [Fact]
    public async Task Chunks_in_order_make_a_blob_and_out_of_order_ones_are_416()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var blob = TestBlob.Random(70, 3000);
        var location = await alice.StartUpload("team-a/chunks");
        location = await Chunk(alice, location, blob.Bytes[..1000], "0-999", "0-999");
        using (var early = await Patch(alice, location, blob.Bytes[2000..], "2000-2999"))
        {
            await early.ShouldFail(HttpStatusCode.RequestedRangeNotSatisfiable, "BLOB_UPLOAD_INVALID");
            Assert.Equal("0-999", early.Headers.GetValues("Range").Single());
        }

        location = await Chunk(alice, location, blob.Bytes[1000..2000], "1000-1999", "0-1999");
        using (var status = await alice.Do(HttpMethod.Get, location, RegistryClient.Pull("team-a/chunks")))
        {
            await status.ShouldBe(HttpStatusCode.NoContent);
            Assert.Equal("0-1999", status.Headers.GetValues("Range").Single());
            location = status.Headers.Location!.OriginalString;
        }

        using var put = await alice.Do(
            HttpMethod.Put, $"{location}?digest={blob.Digest}", RegistryClient.Push("team-a/chunks"),
            new ByteArrayContent(blob.Bytes[2000..]), ("Content-Range", "2000-2999"));
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(blob.Digest.Value, put.Headers.GetValues("Docker-Content-Digest").Single());
        using var back = await alice.GetBlob("team-a/chunks", blob.Digest);
        Assert.Equal(blob.Bytes, await back.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_stream_without_a_length_is_one_patch()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var blob = TestBlob.Random(71, 5_000_000);
        var location = await alice.StartUpload("team-a/stream");
        using var patch = await alice.Do(HttpMethod.Patch, location, RegistryClient.Push("team-a/stream"), new UnsizedContent(blob.Bytes));
        await patch.ShouldBe(HttpStatusCode.Accepted);
        Assert.Equal("0-4999999", patch.Headers.GetValues("Range").Single());
        using var put = await alice.Do(
            HttpMethod.Put, $"{patch.Headers.Location!.OriginalString}?digest={blob.Digest}", RegistryClient.Push("team-a/stream"));
        await put.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_single_post_with_a_digest_is_a_whole_upload()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var blob = TestBlob.Random(72, 1234);
        using var post = await alice.Do(
            HttpMethod.Post, $"/v2/team-a/single/blobs/uploads/?digest={Uri.EscapeDataString(blob.Digest.Value)}",
            RegistryClient.Push("team-a/single"), new ByteArrayContent(blob.Bytes));
        await post.ShouldBe(HttpStatusCode.Created);
        Assert.Equal($"/v2/team-a/single/blobs/{blob.Digest}", post.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task A_wrong_digest_is_refused()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var location = await alice.StartUpload("team-a/wrong");
        using var put = await alice.Do(
            HttpMethod.Put, $"{location}?digest={TestBlob.Random(73, 9).Digest}", RegistryClient.Push("team-a/wrong"),
            new ByteArrayContent([1, 2, 3]));
        await put.ShouldFail(HttpStatusCode.BadRequest, "DIGEST_INVALID");
        foreach (var digest in new[] { "", "sha256:zz", "md5:d41d8cd98f00b204e9800998ecf8427e" })
        {
            using var bad = await alice.Do(
                HttpMethod.Put, $"{location}?digest={digest}", RegistryClient.Push("team-a/wrong"), new ByteArrayContent([1]));
            await bad.ShouldFail(HttpStatusCode.BadRequest, "DIGEST_INVALID");
        }
    }

    [Fact]
    public async Task An_upload_belongs_to_its_owner_and_repository_and_the_upstream_is_not_asked()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url).Replace("user:alice", "authenticated"));
        using var alice = door.Client("alice");
        using var bob = door.Client("bob");
        var location = await alice.StartUpload("team-a/mine");
        var asked = upstream.Requests.Count;
        foreach (var (client, path, scope) in new[]
        {
            (bob, location, RegistryClient.Push("team-a/mine")),
            (alice, location.Replace("team-a/mine", "team-a/other"), RegistryClient.Push("team-a/other")),
            (alice, location[..^3] + "AAA", RegistryClient.Push("team-a/mine")),
        })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Patch, HttpMethod.Put, HttpMethod.Delete })
            {
                using var response = await client.Do(method, $"{path}?digest={TestBlob.Random(1, 1).Digest}", scope,
                    method == HttpMethod.Patch ? new ByteArrayContent([1]) : null);
                await response.ShouldFail(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
            }
        }

        Assert.Equal(asked, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_cancelled_upload_is_gone()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var location = await alice.StartUpload("team-a/cancel");
        using var cancel = await alice.Do(HttpMethod.Delete, location, RegistryClient.Push("team-a/cancel"));
        await cancel.ShouldBe(HttpStatusCode.NoContent);
        using var status = await alice.Do(HttpMethod.Get, location, RegistryClient.Push("team-a/cancel"));
        await status.ShouldFail(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
    }

    [Fact]
    public async Task A_mount_works_where_the_source_may_be_pulled_and_looks_like_absence_elsewhere()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        using var dave = door.Client("dave");
        var blob = TestBlob.Random(74, 500);
        await alice.PushBlob("team-a/mount-source", blob);

        using var mounted = await Mount(alice, "rewritten/mount-target", "team-a/mount-source", blob, withSource: true);
        await mounted.ShouldBe(HttpStatusCode.Created);
        Assert.Equal($"/v2/rewritten/mount-target/blobs/{blob.Digest}", mounted.Headers.Location!.OriginalString);

        using var narrow = await Mount(alice, "rewritten/mount-other", "team-a/mount-source", blob, withSource: false);
        Assert.Equal("repository:rewritten/mount-other:pull,push repository:team-a/mount-source:pull", narrow.Challenge()["scope"]);

        using var refused = await Mount(dave, "team-d/mount-target", "team-a/mount-source", blob, withSource: true);
        await refused.ShouldBe(HttpStatusCode.Accepted);
        using var absent = await Mount(dave, "team-d/mount-target", "team-a/no-such", blob, withSource: true);
        await absent.ShouldBe(HttpStatusCode.Accepted);
        using var still = await dave.GetBlob("team-d/mount-target", blob.Digest);
        await still.ShouldFail(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
        using var elsewhere = await Mount(alice, "basic/mount-target", "team-a/mount-source", blob, withSource: true);
        await elsewhere.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task A_manifest_over_four_mebibytes_is_413_with_and_without_a_length()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        var large = new byte[(4 * 1024 * 1024) + 1];
        foreach (var content in new HttpContent[] { new ByteArrayContent(large), new UnsizedContent(large) })
        {
            content.Headers.TryAddWithoutValidation("Content-Type", TestImage.OciManifest);
            using var response = await alice.Do(
                HttpMethod.Put, "/v2/team-a/large/manifests/v1", RegistryClient.Push("team-a/large"), content);
            await response.ShouldFail(HttpStatusCode.RequestEntityTooLarge, "MANIFEST_INVALID");
        }
    }

    private static Task<HttpResponseMessage> Mount(
        RegistryClient client, string target, string source, TestBlob blob, bool withSource) => client.Do(
        HttpMethod.Post, $"/v2/{target}/blobs/uploads/?mount={blob.Digest}&from={source}",
        withSource ? $"{RegistryClient.Push(target)} {RegistryClient.Pull(source)}" : RegistryClient.Push(target));

    private static Task<HttpResponseMessage> Patch(RegistryClient client, string location, byte[] bytes, string range) => client.Do(
        HttpMethod.Patch, location, RegistryClient.Push("team-a/chunks"), new ByteArrayContent(bytes), ("Content-Range", range));

    private static async Task<string> Chunk(RegistryClient client, string location, byte[] bytes, string range, string expected)
    {
        using var response = await Patch(client, location, bytes, range);
        await response.ShouldBe(HttpStatusCode.Accepted);
        Assert.Equal(expected, response.Headers.GetValues("Range").Single());
        return response.Headers.Location!.OriginalString;
    }

    /// <summary>A body whose length nobody is told.</summary>
    private sealed class UnsizedContent(byte[] bytes) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(bytes).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
