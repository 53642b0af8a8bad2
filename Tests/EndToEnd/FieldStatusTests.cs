using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Registries that say of a write that it succeeded in other words than the specification, and what stands in front of registries and says
/// of everything that it succeeded.
/// </summary>
public sealed class FieldStatusTests : IAsyncLifetime
{
    private static readonly TestImage Image = TestImage.Build(990, 1000);

    private RecordingUpstream _upstream = null!;
    private LeasedDoor _door = null!;
    private RegistryClient _alice = null!;
    private int _status = 200;
    private (string Type, string Body) _page = ("text/html", "<html>please log in</html>");

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(Answer);
        _door = await LeasedDoors.Take(DoorConfiguration.Single(
            _upstream.Url, extra: "cache: { path: cache, tagTtl: 0s }",
            extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
        _alice = _door.Client("alice");
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task A_write_has_the_status_of_the_specification_whichever_the_registry_has()
    {
        foreach (var status in new[] { 200, 201, 202, 204 })
        {
            _status = status;
            using var put = await _alice.PutManifest("a/b", "v1", Image.Manifest);
            Assert.Equal((status, HttpStatusCode.Created), (status, put.StatusCode));
            var location = await _alice.StartUpload("a/b");
            using var chunk = await _alice.Do(
                HttpMethod.Patch, location, RegistryClient.Push("a/b"), new ByteArrayContent(Image.Config.Bytes));
            Assert.Equal((status, HttpStatusCode.Accepted), (status, chunk.StatusCode));
            var next = chunk.Headers.Location!.OriginalString;
            using var looked = await _alice.Do(HttpMethod.Get, next, RegistryClient.Push("a/b"));
            Assert.Equal((status, HttpStatusCode.NoContent), (status, looked.StatusCode));
            using var finished = await _alice.Do(
                HttpMethod.Put, $"{next}?digest={Image.Config.Digest}", RegistryClient.Push("a/b"));
            Assert.Equal((status, HttpStatusCode.Created), (status, finished.StatusCode));
            using var cancelled = await _alice.Do(HttpMethod.Delete, await _alice.StartUpload("a/b"), RegistryClient.Push("a/b"));
            Assert.Equal((status, HttpStatusCode.NoContent), (status, cancelled.StatusCode));
            using var deleted = await _alice.Do(
                HttpMethod.Delete, $"/v2/a/b/manifests/{Image.Manifest.Digest}", "repository:a/b:delete");
            Assert.Equal((status, HttpStatusCode.Accepted), (status, deleted.StatusCode));
        }
    }

    [Fact]
    public async Task A_page_for_people_is_no_manifest_no_list_and_no_referrers()
    {
        foreach (var page in new[] { ("text/html", "<html>please log in</html>"), ("Text/HTML; charset=utf-8", " ") })
        {
            _page = page;
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                foreach (var path in new[] { "a/b/manifests/v1", "cached/b/manifests/v1" })
                {
                    using var pulled = await _alice.Do(method, $"/v2/{path}", RegistryClient.Pull(path.Split("/manifests")[0]));
                    Assert.Equal((page, path, HttpStatusCode.BadGateway), (page, path, pulled.StatusCode));
                }
            }

            foreach (var path in new[] { "tags/list", $"referrers/{Image.Manifest.Digest}" })
            {
                using var listed = await _alice.Do(HttpMethod.Get, $"/v2/a/b/{path}", RegistryClient.Pull("a/b"));
                Assert.Equal((page, path, HttpStatusCode.BadGateway), (page, path, listed.StatusCode));
            }
        }
    }

    private async Task Answer(HttpContext context)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        var isUpload = context.Request.Path.Value!.Contains("/blobs/uploads/");
        if (HttpMethods.IsGet(context.Request.Method) && !isUpload && context.Request.Path != "/v2/")
        {
            context.Response.ContentType = _page.Type;
            await context.Response.WriteAsync(_page.Body);
            return;
        }

        context.Response.StatusCode = context.Request.Path == "/v2/" || HttpMethods.IsHead(context.Request.Method) ? 200 : _status;
        context.Response.Headers.Location = isUpload ? "/v2/a/b/blobs/uploads/1" : default;
    }
}
