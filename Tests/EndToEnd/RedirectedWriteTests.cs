using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Upstreams that redirect what is pushed and deleted.</summary>
public sealed class RedirectedWriteTests(SharedDoor shared) : IClassFixture<SharedDoor>
{
    private const string Moved = "/moved";

    private static readonly TestBlob Manifest = TestImage.Build(905, 100).Manifest;

    [Theory]
    [InlineData(307, 1000)]
    [InlineData(308, 4_000_000)]
    public async Task Writes_go_where_their_own_upstream_sends_them(int status, int size)
    {
        var blob = TestBlob.Random(906, size);
        var place = shared.Take(async context =>
        {
            // A body that is on its way is not sent twice: what takes one is there at once, unless the registry says so before it comes.
            var isMoved = context.Request.Path.StartsWithSegments(Moved, out var path);
            if (!isMoved && context.Request.Path != "/v2/" && (context.Request.ContentLength is null or 0 or >= 1_000_000
                || context.Request.Path.Value!.Contains("/manifests/")))
            {
                context.Response.StatusCode = status;
                context.Response.Headers.Location = $"{Moved}{context.Request.Path}{context.Request.QueryString}";
                return;
            }

            await Take(context, path, blob);
        });
        using var alice = shared.Door.Client("alice");
        await alice.PushBlob(place.Repository, blob);
        using var pushed = await alice.PutManifest(place.Repository, "v1", Manifest);
        await pushed.ShouldBe(HttpStatusCode.Created);
        using var deleted = await alice.Do(
            HttpMethod.Delete, $"/v2/{place.Repository}/manifests/{Manifest.Digest}", $"repository:{place.Repository}:delete");
        await deleted.ShouldBe(HttpStatusCode.Accepted);
        Assert.Equal(1, place.Upstream.Requests.Count(request => request.Method == "DELETE" && request.Target.StartsWith(Moved)));
    }

    [Theory]
    [InlineData(307, "http://elsewhere.example/", "to another host, port or scheme, which upstreams.{0}.url must name")]
    [InlineData(308, "https://127.0.0.1/", "to another host, port or scheme, which upstreams.{0}.url must name")]
    [InlineData(302, "/elsewhere", "by 302, which makes a GET of it")]
    [InlineData(307, "/loop", "more than 3 times")]
    [InlineData(307, "http://[", "to something that is not an address")]
    public async Task Where_a_write_cannot_go_is_told(int status, string target, string told)
    {
        var place = shared.Take(context =>
        {
            if (context.Request.Path != "/v2/")
            {
                context.Response.StatusCode = status;
                context.Response.Headers.Location = target;
            }

            return Task.CompletedTask;
        });
        using var alice = shared.Door.Client("alice");
        using var started = await alice.Do(
            HttpMethod.Post, $"/v2/{place.Repository}/blobs/uploads/", RegistryClient.Push(place.Repository));
        var message = await started.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        Assert.Contains(string.Format(told, place.Repository.Split('/')[0]), message);
        Assert.DoesNotContain("elsewhere.example", message);
        await Eventually.True(() => shared.Door.Log.Contains($"it redirects a write {string.Format(told, place.Repository.Split('/')[0])}"),
            "operators are told");
    }

    private static async Task Take(HttpContext context, PathString path, TestBlob blob)
    {
        await context.Request.Body.CopyToAsync(Stream.Null);
        context.Response.StatusCode = context.Request.Method switch { "PUT" => 201, "POST" or "PATCH" or "DELETE" => 202, _ => 200 };
        if (context.Request.Method is "POST" or "PATCH")
        {
            context.Response.Headers.Location = $"/v2{path.Value![3..].Split("/blobs/")[0]}/blobs/uploads/1";
        }
        else if (context.Request.Method == "PUT")
        {
            context.Response.Headers["Docker-Content-Digest"] = path.Value!.Contains("/manifests/") ? Manifest.Digest.Value : blob.Digest.Value;
        }
    }
}
