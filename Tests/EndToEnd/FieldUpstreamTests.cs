using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Upstreams that differ from the textbook as those that people run do.</summary>
public sealed class FieldUpstreamTests
{
    private const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    [Theory]
    [InlineData(1000)]
    [InlineData(100)]
    [InlineData(40)]
    public async Task A_page_that_is_larger_than_allowed_is_asked_for_again_smaller(int allowed)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            var isList = context.Request.Path.Value!.EndsWith("/_catalog", StringComparison.Ordinal);
            context.Response.StatusCode = isList && int.Parse(context.Request.Query["n"]!) > allowed ? 400 : 200;
            return context.Response.WriteAsync(
                context.Response.StatusCode == 200 ? """{"repositories":["team-a/x"]}"""
                    : """{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}""");
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using var listed = await alice.Do(HttpMethod.Get, "/v2/_catalog", "registry:catalog:*");
        await listed.ShouldBe(HttpStatusCode.OK);
        Assert.Contains("team-a/x", await listed.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_catalog_that_no_page_size_opens_is_an_error_and_not_empty()
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : 400;
            return Task.CompletedTask;
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using var listed = await alice.Do(HttpMethod.Get, "/v2/_catalog", "registry:catalog:*");
        await listed.ShouldBe(HttpStatusCode.BadGateway);
    }

    /// <summary>
    /// An upstream names a manifest by another type than the manifest does: the same goes to all who ask it, and is asked for once.
    /// </summary>
    [Theory]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws")]
    [InlineData("application/vnd.oci.image.manifest.v1+json")]
    public async Task A_manifest_with_the_name_of_another_type_is_fetched_once_where_it_is_cached(string type)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.ContentType = type;
            return context.Response.WriteAsync(
                context.Request.Method == "HEAD" ? "" : $$"""{"schemaVersion":2,"mediaType":"{{DockerManifest}}"}""");
        });
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url, extra: "cache: { path: cache, tagTtl: 5m }", extraRoute: ", cache: true"));
        using var alice = door.Client("alice");
        string[] accept = [DockerManifest, type];
        foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get, HttpMethod.Get })
        {
            using var pulled = await alice.Do(method, "/v2/team-a/x/manifests/v1", RegistryClient.Pull("team-a/x"), null,
                ("Accept", string.Join(", ", accept)));
            await pulled.ShouldBe(HttpStatusCode.OK);
            Assert.Equal(type, pulled.Content.Headers.ContentType!.ToString());
        }

        Assert.Equal(1, upstream.Requests.Count(request => request.Method == "GET" && request.Target.Contains("/manifests/")));
    }

    [Theory]
    [InlineData(DockerManifest + "; charset=utf-8", "")]
    [InlineData("APPLICATION/vnd.docker.distribution.manifest.v2+JSON;charset=UTF-8", ", cache: true")]
    public async Task A_manifest_has_its_type_without_parameters_and_is_fetched_once_where_it_is_cached(string type, string extraRoute)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.ContentType = context.Request.Path == "/v2/" ? "application/json" : type;
            return context.Response.WriteAsync($$"""{"schemaVersion":2,"mediaType":"{{DockerManifest}}"}""");
        });
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url, extra: "cache: { path: cache }", extraRoute: extraRoute));
        using var alice = door.Client("alice");
        for (var i = 0; i < 2; i++)
        {
            using var pulled = await alice.Do(HttpMethod.Get, "/v2/team-a/x/manifests/v1", RegistryClient.Pull("team-a/x"));
            await pulled.ShouldBe(HttpStatusCode.OK);
            Assert.Equal(DockerManifest, pulled.Content.Headers.ContentType!.ToString());
        }

        Assert.Equal(extraRoute.Length > 0 ? 1 : 2,
            upstream.Requests.Count(request => request.Method == "GET" && request.Target.Contains("/manifests/")));
    }

    [Fact]
    public async Task A_token_that_is_refused_at_the_start_of_an_upload_is_replaced()
    {
        await using var upstream = await Revoking();
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url, ", credentials: { type: basic, username: one, password: { value: two } }"));
        using var alice = door.Client("alice");
        var token = await alice.Token("repository:team-a/x:pull,push");
        for (var i = 0; i < 2; i++)
        {
            using var begun = await alice.Send(HttpMethod.Post, "/v2/team-a/x/blobs/uploads/", token);
            await begun.ShouldBe(HttpStatusCode.Accepted);
        }
    }

    /// <summary>A registry that takes each token once.</summary>
    private static Task<RecordingUpstream> Revoking()
    {
        var (issued, used) = (0, 0);
        return RecordingUpstream.Start(context =>
        {
            if (context.Request.Path == "/token")
            {
                return context.Response.WriteAsync($$"""{"token":"t{{Interlocked.Increment(ref issued)}}","expires_in":300}""");
            }

            if (context.Request.Headers.Authorization.ToString() is not ['B', 'e', 'a', 'r', 'e', 'r', ' ', 't', .. var number]
                || int.Parse(number) <= Volatile.Read(ref used))
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"here\"";
                return Task.CompletedTask;
            }

            if (HttpMethods.IsPost(context.Request.Method))
            {
                used = int.Parse(number);
                (context.Response.StatusCode, context.Response.Headers.Location) = (202, "/v2/team-a/x/blobs/uploads/1");
            }

            return Task.CompletedTask;
        });
    }
}
