using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// What the newest distribution specification lets a registry say in headers reaches the client: warnings (§ "Warning"), the least length
/// of a chunk (§ "Pushing a blob in chunks"), where an upload is, which filters were applied.
/// </summary>
public sealed class PassedHeaderTests
{
    private const string Warning = "299 - \"this repository moves\"";

    private static readonly TestImage Image = TestImage.Build(341, 100);

    [Fact]
    public async Task Warnings_and_what_uploads_say_are_passed_on()
    {
        await using var upstream = await RecordingUpstream.Start(Answer);
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, "manifests/v1"), (HttpMethod.Head, "manifests/v1"), (HttpMethod.Get, $"manifests/{Image.Manifest.Digest}"),
            (HttpMethod.Get, $"blobs/{Image.Layers[0].Digest}"), (HttpMethod.Head, $"blobs/{Image.Layers[0].Digest}"),
            (HttpMethod.Get, $"referrers/{Image.Manifest.Digest}?artifactType=x%2Fy"),
        })
        {
            using var pulled = await alice.Do(method, $"/v2/a/b/{path}", RegistryClient.Pull("a/b"));
            await pulled.ShouldBe(HttpStatusCode.OK);
            Assert.Equal(Warning, HeaderOf(pulled, "Warning"));
            Assert.Equal(path.StartsWith("referrers") ? "artifactType" : null, HeaderOf(pulled, "OCI-Filters-Applied"));
        }

        foreach (var path in new[] { "a/b/tags/list", "a/b/tags/list?n=1", "a/b/tags/list?n=1&last=v1", "_catalog" })
        {
            using var listed = await alice.Do(
                HttpMethod.Get, $"/v2/{path}", path == "_catalog" ? "registry:catalog:*" : RegistryClient.Pull("a/b"));
            await listed.ShouldBe(HttpStatusCode.OK);
            Assert.Equal((path, Warning), (path, HeaderOf(listed, "Warning")));
        }

        using var put = await alice.PutManifest("a/b", "v1", Image.Manifest);
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(Warning, HeaderOf(put, "Warning"));
        foreach (var (method, path, status) in new[]
        {
            (HttpMethod.Delete, $"manifests/{Image.Manifest.Digest}", HttpStatusCode.Accepted),
            (HttpMethod.Delete, $"blobs/{Image.Layers[0].Digest}", HttpStatusCode.Accepted),
        })
        {
            using var deleted = await alice.Do(method, $"/v2/a/b/{path}", "repository:a/b:pull,push,delete");
            await deleted.ShouldBe(status);
            Assert.Equal(Warning, HeaderOf(deleted, "Warning"));
        }

        await Upload(alice);
    }

    private static async Task Upload(RegistryClient alice)
    {
        using var begun = await alice.Do(HttpMethod.Post, "/v2/a/b/blobs/uploads/", RegistryClient.Push("a/b"));
        await begun.ShouldBe(HttpStatusCode.Accepted);
        Assert.Equal(("1048576", Warning), (HeaderOf(begun, "OCI-Chunk-Min-Length"), HeaderOf(begun, "Warning")));
        using var sent = await alice.Do(
            HttpMethod.Patch, HeaderOf(begun, "Location")!, RegistryClient.Push("a/b"), new ByteArrayContent(new byte[10]));
        await sent.ShouldBe(HttpStatusCode.Accepted);
        Assert.Equal("0-9", HeaderOf(sent, "Range"));
        using var status = await alice.Do(HttpMethod.Get, HeaderOf(sent, "Location")!, RegistryClient.Push("a/b"));
        await status.ShouldBe(HttpStatusCode.NoContent);
        Assert.Equal("0-9", HeaderOf(status, "Range"));
        Assert.StartsWith("/v2/a/b/blobs/uploads/", HeaderOf(status, "Location"));
        using var cancelled = await alice.Do(HttpMethod.Delete, HeaderOf(status, "Location")!, RegistryClient.Push("a/b"));
        await cancelled.ShouldBe(HttpStatusCode.NoContent);
    }

    private static string? HeaderOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    private static async Task Answer(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var parts = request.Path.Value!.Split('/');
        await request.Body.CopyToAsync(Stream.Null);
        response.Headers.Warning = Warning;
        if (parts.Contains("uploads"))
        {
            response.StatusCode = request.Method is "GET" or "DELETE" ? 204 : 202;
            response.Headers.Location = "/v2/a/b/blobs/uploads/1?_state=x";
            response.Headers["OCI-Chunk-Min-Length"] = "1048576";
            response.Headers.Range = request.Method == "POST" ? "0-0" : "0-9";
            return;
        }

        response.StatusCode = request.Method switch { "PUT" => 201, "DELETE" => 202, _ => 200 };
        if (parts[^1] is "list" or "_catalog")
        {
            await response.WriteAsync("""{"name":"a/b","tags":["v1","v2"],"repositories":["a/b"]}""");
            return;
        }

        if (response.StatusCode != 200 || parts.Length < 6)
        {
            return;
        }

        var bytes = parts[4] switch
        {
            "blobs" => Image.Layers[0].Bytes,
            "manifests" => Image.Manifest.Bytes,
            _ => """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"""u8.ToArray(),
        };
        response.ContentType = parts[4] == "manifests" ? TestImage.OciManifest : "application/vnd.oci.image.index.v1+json";
        response.Headers["OCI-Filters-Applied"] = parts[4] == "referrers" ? "artifactType" : default;
        response.Headers["Docker-Content-Digest"] = parts[4] == "manifests" ? Image.Manifest.Digest.Value : default;
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.Body.WriteAsync(bytes);
        }
    }
}
