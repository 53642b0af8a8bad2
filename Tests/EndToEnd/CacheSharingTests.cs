using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Two upstreams of one tenant: one has an image that few may pull, the other says of everything that it has it. The cache serves what the
/// one sent on the other's word only where both say that they share content.
/// </summary>
public sealed class CacheSharingTests(Lab lab)
{
    private static readonly TestImage Image = TestImage.Build(791, 30_000);

    private static string[] Paths =>
        [$"/v2/liar/x/blobs/{Image.Layers[1].Digest}", $"/v2/liar/x/manifests/{Image.Manifest.Digest}", "/v2/liar/x/manifests/stolen"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_upstream_that_lies_opens_what_another_sent_only_where_both_say_so(bool share)
    {
        var repository = $"private/app-{share}".ToLowerInvariant();
        await using var liar = await RecordingUpstream.Start(Lie);
        await using var door = await FrontDoor.Start(Yaml((await lab.Registry).Url, liar.Url, share));
        using (var alice = door.Client("alice"))
        {
            await alice.PushImage(repository, "v1", Image);
            (await alice.GetManifest(repository, "v1")).Dispose();
            (await alice.GetManifest(repository, Image.Manifest.Digest.Value)).Dispose();
            Assert.Equal(Image.Layers[1].Bytes,
                await (await alice.GetBlob(repository, Image.Layers[1].Digest)).Content.ReadAsByteArrayAsync());
        }

        await Get(door, share);

        // What an earlier process left is told apart by where it lies.
        await door.Restart();
        await Get(door, share);
    }

    private static async Task Get(FrontDoor door, bool share)
    {
        using var thief = door.Client();
        foreach (var path in Paths)
        {
            foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get, HttpMethod.Head, HttpMethod.Get })
            {
                using var response = await thief.Do(method, path, RegistryClient.Pull("liar/x"), null, ("Accept", TestImage.OciManifest));
                var isTag = path.EndsWith("stolen", StringComparison.Ordinal);
                Assert.True(
                    share && isTag ? response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.BadGateway
                        : share ? response.StatusCode == HttpStatusCode.OK
                        : method == HttpMethod.Head || response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadGateway,
                    $"{method} {path}: {response.StatusCode}");
            }

            using var range = await thief.Do(
                HttpMethod.Get, path, RegistryClient.Pull("liar/x"), null, ("Accept", TestImage.OciManifest), ("Range", "bytes=0-9"));
            Assert.True(share || !range.IsSuccessStatusCode, $"{path}: {range.StatusCode}");
        }
    }

    [Fact]
    public async Task A_manifest_by_digest_is_checked_whatever_its_type_and_size()
    {
        var isWrong = false;
        (TestBlob Small, TestBlob Large) right = (TestBlob.Random(1, 1000), TestBlob.Random(2, 5_000_000));
        (TestBlob Small, TestBlob Large) forged = (TestBlob.Random(3, 1000), TestBlob.Random(4, 5_000_000));
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            var path = context.Request.Path.Value!;
            var (small, large) = isWrong ? forged : right;
            var blob = path.EndsWith(small.Digest.Value, StringComparison.Ordinal) ? small : large;
            context.Response.ContentType = path.Contains("/odd/") ? "text/plain" : TestImage.OciManifest;
            context.Response.ContentLength = path == "/v2/" ? 0 : blob.Bytes.Length;
            if (context.Request.Method == "GET" && path != "/v2/")
            {
                await context.Response.Body.WriteAsync(isWrong ? [(byte)~blob.Bytes[0], .. blob.Bytes[1..]] : blob.Bytes);
            }
        });
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        foreach (var wrong in new[] { false, true })
        {
            isWrong = wrong;
            var (small, large) = wrong ? forged : right;
            foreach (var (repository, blob) in new[] { ("odd/a", small), ("odd/a", large), ("a/b", small), ("a/b", large) })
            {
                Assert.Equal(wrong ? null : blob.Digest, await Read(repository, blob));
            }
        }

        async Task<Digest?> Read(string repository, TestBlob blob)
        {
            try
            {
                using var response = await alice.Do(
                    HttpMethod.Get, $"/v2/{repository}/manifests/{blob.Digest}", RegistryClient.Pull(repository), null, ("Accept", "*/*"),
                    ("Range", "bytes=0-"));
                return response.StatusCode == HttpStatusCode.OK ? new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest : null;
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }
    }

    private static Task Lie(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path != "/v2/" && context.Request.Method != HttpMethods.Head)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        var isManifest = path.Contains("/manifests/");
        context.Response.Headers["Docker-Content-Digest"] = isManifest ? Image.Manifest.Digest.Value : Image.Layers[1].Digest.Value;
        context.Response.ContentType = isManifest ? TestImage.OciManifest : "application/octet-stream";
        context.Response.ContentLength = path == "/v2/" ? 0 : isManifest ? Image.Manifest.Bytes.Length : Image.Layers[1].Bytes.Length;
        return Task.CompletedTask;
    }

    private static string Yaml(string open, string liar, bool share) => $$"""
        cache: { path: cache, maxBytes: 1GiB, tagTtl: 1s }
        upstreams:
          open: { url: "{{open}}", allowPrivate: true{{(share ? ", sharesContentWith: [liar]" : "")}} }
          liar: { url: "{{liar}}", allowPrivate: true{{(share ? ", sharesContentWith: [open]" : "")}} }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: open, cache: true }, { prefix: liar, upstream: liar, cache: true }]
            access:
              - { name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull, push] }
              - { name: all, who: [anonymous], repositories: ["liar/**"], actions: [pull] }
        """;
}
