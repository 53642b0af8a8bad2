using System.Net;
using System.Security.Cryptography;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Conformance;

/// <summary>OCI distribution-spec 1.1, "Content Management", and what docker-registry 2.8 cannot store or delete.</summary>
public sealed class ContentManagementTests(Lab lab)
{
    private const string Repository = "team-a/conformance/management";
    private const string Kept = "team-a/conformance/kept";
    private const string Delete = $"repository:{Repository}:delete";

    [Fact]
    public async Task Manifests_and_blobs_are_deleted()
    {
        using var alice = (await lab.Door).Client("alice");
        var image = TestImage.Build(1930, 10);
        await alice.PushImage(Repository, "tagtest0", image);
        await alice.PushImage(Repository, "tagtest1", TestImage.Build(1931, 10));
        using (var deleted = await alice.Do(HttpMethod.Delete, $"/v2/{Repository}/manifests/{image.Manifest.Digest}", Delete))
        {
            await deleted.ShouldBe(HttpStatusCode.Accepted);
        }

        foreach (var reference in new[] { image.Manifest.Digest.Value, "tagtest0" })
        {
            using var gone = await alice.GetManifest(Repository, reference);
            await gone.ShouldFail(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
        }

        using (var tags = await alice.Do(HttpMethod.Get, $"/v2/{Repository}/tags/list", RegistryClient.Pull(Repository)))
        {
            Assert.Equal($$"""{"name":"{{Repository}}","tags":["tagtest1"]}""", await tags.Content.ReadAsStringAsync());
        }

        foreach (var blob in image.Layers)
        {
            using var deleted = await alice.Do(HttpMethod.Delete, $"/v2/{Repository}/blobs/{blob.Digest}", Delete);
            await deleted.ShouldBe(HttpStatusCode.Accepted);
            using var gone = await alice.GetBlob(Repository, blob.Digest);
            await gone.ShouldFail(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
        }

        using var none = await alice.Do(HttpMethod.Delete, $"/v2/{Repository}/blobs/{TestBlob.Of("none").Digest}", Delete);
        await none.ShouldFail(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
    }

    /// <summary>The only things that are not done: registry 2.8 deletes no tag, and stores no manifest by sha512.</summary>
    [Fact]
    public async Task What_the_registry_cannot_do_is_told_as_such()
    {
        using var alice = (await lab.Door).Client("alice");
        var image = TestImage.Build(1932, 10);
        await alice.PushImage(Kept, "kept", image);
        using var tag = await alice.Do(HttpMethod.Delete, $"/v2/{Kept}/manifests/kept", $"repository:{Kept}:delete");
        Assert.Contains(tag.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.MethodNotAllowed });
        using (var there = await alice.GetManifest(Kept, "kept"))
        {
            await there.ShouldBe(HttpStatusCode.OK);
        }

        var sha512 = $"sha512:{Convert.ToHexStringLower(SHA512.HashData(image.Manifest.Bytes))}";
        using var manifest = await alice.PutManifest(Kept, sha512, image.Manifest);
        Assert.InRange((int)manifest.StatusCode, 400, 499);
        var blob = TestBlob.Random(1933, 100);
        var digest = $"sha512:{Convert.ToHexStringLower(SHA512.HashData(blob.Bytes))}";
        using var put = await alice.Do(
            HttpMethod.Put, $"{await alice.StartUpload(Kept)}?digest={digest}", RegistryClient.Push(Kept),
            new ByteArrayContent(blob.Bytes));
        Assert.InRange((int)put.StatusCode, 201, 499);
    }
}
