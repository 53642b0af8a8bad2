using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Conformance;

/// <summary>OCI distribution-spec 1.1, "Pull", over docker-registry 2.8.</summary>
public sealed class PullWorkflowTests(Lab lab)
{
    private const string Repository = "team-a/conformance/pull";

    private static readonly TestImage Image = TestImage.Build(1900, 5000);

    [Fact]
    public async Task Blobs_are_read()
    {
        using var alice = await Pushed();
        var missing = TestBlob.Of("no such blob").Digest;
        foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get })
        {
            using var none = await alice.Do(method, $"/v2/{Repository}/blobs/{missing}", RegistryClient.Pull(Repository));
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
            foreach (var blob in Image.Blobs)
            {
                using var there = await alice.Do(method, $"/v2/{Repository}/blobs/{blob.Digest}", RegistryClient.Pull(Repository));
                await there.ShouldBe(HttpStatusCode.OK);
                Assert.Equal(blob.Digest.Value, there.Headers.GetValues("Docker-Content-Digest").Single());
                Assert.Equal(blob.Bytes.Length, there.Content.Headers.ContentLength);
                Assert.Equal(method == HttpMethod.Head ? [] : blob.Bytes, await there.Content.ReadAsByteArrayAsync());
            }
        }

        using var part = await alice.GetBlob(Repository, Image.Config.Digest, ("Range", "bytes=3-9"));
        await part.ShouldBe(Image.Config, (3, 9));
        using var outside = await alice.GetBlob(Repository, Image.Config.Digest, ("Range", "bytes=999999-"));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, outside.StatusCode);
    }

    [Fact]
    public async Task Manifests_are_read_by_tag_and_by_digest()
    {
        using var alice = await Pushed();
        foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get })
        {
            foreach (var reference in new[] { "v1", Image.Manifest.Digest.Value })
            {
                using var there = await alice.Do(
                    method, $"/v2/{Repository}/manifests/{reference}", RegistryClient.Pull(Repository), null,
                    ("Accept", TestImage.OciManifest));
                await there.ShouldBe(HttpStatusCode.OK);
                Assert.Equal(TestImage.OciManifest, there.Content.Headers.ContentType!.ToString());
                Assert.Equal(Image.Manifest.Digest.Value, there.Headers.GetValues("Docker-Content-Digest").Single());
                Assert.Equal(Image.Manifest.Bytes.Length, there.Content.Headers.ContentLength);
            }

            foreach (var reference in new[] { ".INVALID_MANIFEST_NAME", "no-such-tag", TestBlob.Of("none").Digest.Value })
            {
                using var none = await alice.Do(method, $"/v2/{Repository}/manifests/{reference}", RegistryClient.Pull(Repository));
                Assert.Contains(none.StatusCode, new[] { HttpStatusCode.NotFound, HttpStatusCode.BadRequest });
            }
        }
    }

    [Fact]
    public async Task Errors_are_of_the_form_that_the_specification_gives()
    {
        using var alice = await Pushed();
        using var refused = await alice.PutManifest(Repository, "sha256:totallywrong", TestBlob.Of("blablabla"));
        Assert.InRange((int)refused.StatusCode, 400, 499);
        Assert.Equal("application/json", refused.Content.Headers.ContentType!.MediaType);
        using var json = JsonDocument.Parse(await refused.Content.ReadAsByteArrayAsync());
        var error = Assert.Single(json.RootElement.GetProperty("errors").EnumerateArray());
        Assert.Equal("DIGEST_INVALID", error.GetProperty("code").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        using var ping = await alice.Do(HttpMethod.Get, "/v2/", RegistryClient.Pull(Repository));
        await ping.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<RegistryClient> Pushed()
    {
        var alice = (await lab.Door).Client("alice");
        await alice.PushImage(Repository, "v1", Image);
        return alice;
    }
}
