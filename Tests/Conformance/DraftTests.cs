using System.Net;
using System.Security.Cryptography;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Conformance;

/// <summary>What OCI's conformance tests ask for beyond version 1.1, over docker-registry 2.8 or before a registry that knows it.</summary>
public sealed class DraftTests(Lab lab)
{
    private const string Repository = "team-a/conformance/draft";

    /// <summary>A registry that hashes while it receives must know by which algorithm, whatever way the upload begins.</summary>
    [Fact]
    public async Task The_algorithm_of_a_digest_is_told_at_the_beginning_of_an_upload()
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Query.ContainsKey("mount") ? 404
                : context.Request.Method switch { "POST" => 202, "PUT" => 201, _ => 200 };
            context.Response.Headers.Location = "/v2/a/b/blobs/uploads/1";
            return context.Request.Body.CopyToAsync(Stream.Null);
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        var (blob, scope) = (TestBlob.Random(1940, 100), $"{RegistryClient.Push("a/b")} {RegistryClient.Pull("a/c")}");
        foreach (var (digest, algorithm) in new[] { (blob.Digest.Value, ""), (Sha512(blob), "?digest-algorithm=sha512") })
        {
            foreach (var (query, status) in new[]
            {
                ($"digest={digest}", HttpStatusCode.Created), ($"mount={digest}", HttpStatusCode.Accepted),
                ($"mount={digest}&from=a/c", HttpStatusCode.Accepted),
                ($"digest-algorithm={digest[..6]}", HttpStatusCode.Accepted),
            })
            {
                using var begun = await alice.Do(
                    HttpMethod.Post, $"/v2/a/b/blobs/uploads/?{query}", scope,
                    query.StartsWith("digest=", StringComparison.Ordinal) ? new ByteArrayContent(blob.Bytes) : null);
                await begun.ShouldBe(status);
                var asked = upstream.Requests.Last(request => request.Method == "POST").Target;
                Assert.Equal(
                    (query, $"/v2/a/b/blobs/uploads/{(query.StartsWith("digest-a", StringComparison.Ordinal) ? $"?{query}" : algorithm)}"),
                    (query, asked));
            }
        }

        using var unknown = await alice.Do(HttpMethod.Post, "/v2/a/b/blobs/uploads/?digest-algorithm=md5", RegistryClient.Push("a/b"));
        await unknown.ShouldFail(HttpStatusCode.BadRequest, "BLOB_UPLOAD_INVALID");
    }

    [Theory]
    [InlineData("post")]
    [InlineData("put")]
    [InlineData("chunks")]
    public async Task Blobs_by_sha512_are_stored(string way)
    {
        using var alice = (await lab.Door).Client("alice");
        var blob = TestBlob.Random(way.Length + 1941, 3000);
        var digest = Sha512(blob);
        using (var pushed = await Push(alice, way, blob, digest))
        {
            await pushed.ShouldBe(HttpStatusCode.Created);
        }

        using var pulled = await alice.Do(HttpMethod.Get, $"/v2/{Repository}/blobs/{digest}", RegistryClient.Pull(Repository));
        await pulled.ShouldBe(HttpStatusCode.OK);
        Assert.Equal(blob.Bytes, await pulled.Content.ReadAsByteArrayAsync());
        using var head = await alice.Do(HttpMethod.Head, $"/v2/{Repository}/blobs/{digest}", RegistryClient.Pull(Repository));
        Assert.Equal((HttpStatusCode.OK, blob.Bytes.Length), (head.StatusCode, head.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task Indexes_are_empty_or_hold_indexes()
    {
        using var alice = (await lab.Door).Client("alice");
        var image = TestImage.Build(1950, 100);
        await alice.PushImage(Repository, "image", image);
        var empty = Index();
        var inner = Index(Entry(TestImage.OciManifest, image.Manifest));
        var outer = Index(Entry(TestImage.OciIndex, inner), Entry(TestImage.OciIndex, empty));
        foreach (var (tag, index) in new[] { ("empty", empty), ("inner", inner), ("outer", outer) })
        {
            using var put = await alice.PutManifest(Repository, tag, index, TestImage.OciIndex);
            await put.ShouldBe(HttpStatusCode.Created);
            foreach (var reference in new[] { tag, index.Digest.Value })
            {
                using var there = await alice.GetManifest(Repository, reference);
                Assert.Equal(index.Bytes, await there.Content.ReadAsByteArrayAsync());
                Assert.Equal(TestImage.OciIndex, there.Content.Headers.ContentType!.MediaType);
            }
        }
    }

    [Fact]
    public async Task What_a_manifest_refers_to_may_come_later()
    {
        using var alice = (await lab.Door).Client("alice");
        var image = TestImage.Build(1951, 100);
        await alice.PushBlob(Repository, TestReferrer.Config);
        var referrer = TestReferrer.Of(image.Manifest.Digest, "application/vnd.example.note");
        using (var put = await alice.PutManifest(Repository, referrer.Digest.Value, referrer))
        {
            await put.ShouldBe(HttpStatusCode.Created);
            Assert.Equal(image.Manifest.Digest.Value, TestReferrer.SubjectOf(put));
        }

        Assert.Equal([referrer.Digest.Value], await alice.List(Repository, image.Manifest.Digest));
        await alice.PushImage(Repository, "later", image);
        Assert.Equal([referrer.Digest.Value], await alice.List(Repository, image.Manifest.Digest));
    }

    [Fact]
    public async Task Every_tag_of_a_push_by_digest_leads_to_it()
    {
        using var alice = (await lab.Door).Client("alice");
        var image = TestImage.Build(1952, 100);
        await alice.PushImage(Repository, "first", image);
        using (var tagged = await alice.Do(
            HttpMethod.Put, $"/v2/{Repository}/manifests/{image.Manifest.Digest}?tag=second&tag=third", RegistryClient.Push(Repository),
            new ByteArrayContent(image.Manifest.Bytes), ("Content-Type", TestImage.OciManifest)))
        {
            await tagged.ShouldBe(HttpStatusCode.Created);
        }

        foreach (var tag in new[] { "second", "third" })
        {
            foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get })
            {
                using var there = await alice.Do(
                    method, $"/v2/{Repository}/manifests/{tag}", RegistryClient.Pull(Repository), null, ("Accept", TestImage.OciManifest));
                await there.ShouldBe(HttpStatusCode.OK);
                Assert.Equal(image.Manifest.Digest.Value, there.Headers.GetValues("Docker-Content-Digest").Single());
            }
        }
    }

    private static async Task<HttpResponseMessage> Push(RegistryClient alice, string way, TestBlob blob, string digest)
    {
        var scope = RegistryClient.Push(Repository);
        if (way == "post")
        {
            return await alice.Do(
                HttpMethod.Post, $"/v2/{Repository}/blobs/uploads/?digest={digest}", scope, new ByteArrayContent(blob.Bytes));
        }

        using var begun = await alice.Do(HttpMethod.Post, $"/v2/{Repository}/blobs/uploads/?digest-algorithm=sha512", scope);
        await begun.ShouldBe(HttpStatusCode.Accepted);
        var location = begun.Headers.Location!.OriginalString;
        foreach (var (from, end) in way == "chunks" ? new[] { (0, 1000), (1000, 3000) } : [])
        {
            using var chunk = await alice.Do(
                HttpMethod.Patch, location, scope, new ByteArrayContent(blob.Bytes[from..end]), ("Content-Range", $"{from}-{end - 1}"));
            await chunk.ShouldBe(HttpStatusCode.Accepted);
            location = chunk.Headers.Location!.OriginalString;
        }

        return await alice.Do(HttpMethod.Put, $"{location}{(location.Contains('?') ? '&' : '?')}digest={digest}", scope,
            way == "chunks" ? null : new ByteArrayContent(blob.Bytes));
    }

    private static TestBlob Index(params string[] entries) => TestBlob.Of(
        $$"""{"schemaVersion":2,"mediaType":"{{TestImage.OciIndex}}","manifests":[{{string.Join(',', entries)}}]}""");

    private static string Entry(string type, TestBlob manifest) =>
        $$"""{"mediaType":"{{type}}","digest":"{{manifest.Digest}}","size":{{manifest.Bytes.Length}}}""";

    private static string Sha512(TestBlob blob) => $"sha512:{Convert.ToHexStringLower(SHA512.HashData(blob.Bytes))}";
}
