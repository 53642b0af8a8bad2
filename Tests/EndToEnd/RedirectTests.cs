using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Redirects of blobs to storage: followed by hand without credentials, or passed on.</summary>
public sealed class RedirectTests(SharedDoor shared) : IClassFixture<SharedDoor>
{
    private static readonly TestBlob Blob = TestBlob.Random(90, 1000);

    [Fact]
    public async Task A_followed_redirect_carries_the_range_and_no_credential()
    {
        await using var storage = await RecordingUpstream.Start(context => Serve(context));
        await using var upstream = await Redirecting(_ => $"{storage.Url}/bucket/blob?X-Amz-Signature=canary-signature");
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials));
        using var alice = door.Client("alice");
        using var part = await alice.GetBlob("a/b", Blob.Digest, ("Range", "bytes=10-19"));
        await part.ShouldBe(HttpStatusCode.PartialContent);
        Assert.Equal(Blob.Bytes[10..20], await part.Content.ReadAsByteArrayAsync());
        var asked = Assert.Single(storage.Requests);
        Assert.Equal("bytes=10-19", asked.Headers["Range"]);
        Assert.DoesNotContain("Authorization", asked.Headers.Keys);
        Assert.Contains(upstream.Requests, request => request.Headers.ContainsKey("Authorization") && request.Target.Contains("/blobs/"));
        Assert.DoesNotContain("canary-signature", door.Log);
    }

    [Fact]
    public async Task A_passed_redirect_goes_to_the_client()
    {
        await using var storage = await RecordingUpstream.Start(context => Serve(context));
        await using var upstream = await Redirecting(_ => $"{storage.Url}/bucket/blob?sig=1");
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials, extraRoute: ", redirects: pass"));
        using var alice = door.Client("alice");
        using var response = await alice.GetBlob("a/b", Blob.Digest);
        await response.ShouldBe(HttpStatusCode.TemporaryRedirect);
        Assert.Equal($"{storage.Url}/bucket/blob?sig=1", response.Headers.Location!.AbsoluteUri);
        Assert.Empty(storage.Requests);
    }

    [Fact]
    public async Task A_relative_redirect_stays_at_the_upstream()
    {
        await using var upstream = await Redirecting(_ => "/artifacts-downloads/blob");
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url, Credentials));
        using var alice = door.Client("alice");
        using var response = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Bytes, await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://2852039166/")]
    [InlineData("http://[::ffff:169.254.169.254]/")]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("/loop")]
    public async Task A_redirect_to_a_forbidden_place_or_without_end_is_502(string target)
    {
        var place = shared.Take(context =>
        {
            if (context.Request.Path != "/v2/")
            {
                context.Response.StatusCode = 307;
                context.Response.Headers.Location = target;
            }

            return Task.CompletedTask;
        });
        using var alice = shared.Door.Client("alice");
        using var response = await alice.GetBlob(place.Repository, Blob.Digest);
        var message = await response.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        Assert.Contains(place.Repository.Split('/')[0], message);
    }

    [Fact]
    public async Task A_host_that_is_not_listed_is_not_followed()
    {
        await using var storage = await RecordingUpstream.Start(context => Serve(context));
        await using var upstream = await Redirecting(_ => $"{storage.Url}/blob");
        await using var door = await LeasedDoors.Take(
            DoorConfiguration.Single(upstream.Url, Credentials + ", redirectHosts: [\"*.storage.example\"]"));
        using var alice = door.Client("alice");
        using var response = await alice.GetBlob("a/b", Blob.Digest);
        Assert.DoesNotContain(new Uri(storage.Url).Host, await response.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE"));
        await Eventually.True(
            () => door.Log.Contains($"Storage of upstream {door.Upstream} ({storage.Url}) has been failing"), "the log says so");
        Assert.Contains("is not allowed by redirectHosts or by the address rules", door.Log);
        Assert.Empty(storage.Requests);
    }

    [Fact]
    public async Task A_storage_that_refuses_is_named_to_operators_and_to_no_client()
    {
        await using var storage = await RecordingUpstream.Start(context => Results.StatusCode(403).ExecuteAsync(context));
        await using var upstream = await Redirecting(_ => $"{storage.Url}/blob");
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(
            upstream.Url, Credentials, "cache: { path: cache }", " }\n      - { prefix: cached, upstream: local, cache: true"));
        using var alice = door.Client("alice");
        foreach (var repository in new[] { "a/b", "cached/b" })
        {
            using var response = await alice.GetBlob(repository, Blob.Digest);
            Assert.DoesNotContain(new Uri(storage.Url).Host, await response.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE"));
        }

        await Eventually.True(
            () => Regex.Count(
                door.Log, Regex.Escape($"Storage of upstream {door.Upstream} ({storage.Url}) has been failing") + ".*it answers 403") == 1,
            "the log says which, once");
    }

    private const string Credentials = ", credentials: { type: basic, username: robot, password: { value: canary } }";

    private static Task<RecordingUpstream> Redirecting(Func<HttpContext, string> target) => RecordingUpstream.Start(context =>
    {
        if (context.Request.Path == "/v2/")
        {
            context.Response.StatusCode = context.Request.Headers.ContainsKey("Authorization") ? 200 : 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"x\"";
            return Task.CompletedTask;
        }

        if (context.Request.Path.StartsWithSegments("/artifacts-downloads"))
        {
            return Serve(context);
        }

        context.Response.StatusCode = 307;
        context.Response.Headers.Location = target(context);
        return Task.CompletedTask;
    });

    private static Task Serve(HttpContext context) =>
        Results.Bytes(Blob.Bytes, enableRangeProcessing: true).ExecuteAsync(context);
}
