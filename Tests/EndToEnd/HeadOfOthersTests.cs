using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// On routes without a cache, too, an upstream whose HEAD denies what its GET serves is found out, and one that is honest is believed.
/// </summary>
public sealed class HeadOfOthersTests
{
    private static readonly TestBlob[] Blobs = [TestBlob.Random(801, 1000), TestBlob.Random(802, 2000)];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_pulls_show_counts_for_heads(bool isHonest)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            var name = context.Request.Path.Value!.Split('/')[^1];
            var bytes = name switch { "" => [], "v1" => TestImage.Build(80, 10).Manifest.Bytes, _ =>
                Array.Find(Blobs, blob => blob.Digest.Value == name)?.Bytes };
            if (bytes is null || (HttpMethods.IsHead(context.Request.Method) && !isHonest))
            {
                return Results.StatusCode(404).ExecuteAsync(context);
            }

            return Results.Bytes(bytes, TestImage.OciManifest, enableRangeProcessing: true).ExecuteAsync(context);
        });
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using (var pulled = await alice.GetBlob("a/b", Blobs[0].Digest))
        {
            Assert.Equal(Blobs[0].Bytes, await pulled.Content.ReadAsByteArrayAsync());
        }

        using var head = await Head($"blobs/{Blobs[1].Digest}");
        Assert.Equal((HttpStatusCode.OK, 2000L), (head.StatusCode, head.Content.Headers.ContentLength));
        using var tag = await Head("manifests/v1");
        Assert.Equal((HttpStatusCode.OK, TestImage.Build(80, 10).Manifest.Digest.Value),
            (tag.StatusCode, tag.Headers.GetValues("Docker-Content-Digest").Single()));
        var before = upstream.Requests.Count(request => request.Method == "GET");
        for (var absent = 0; absent < 20; absent++)
        {
            using var none = await Head($"blobs/{TestBlob.Random(absent, 10).Digest}");
            Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        }

        Assert.Equal(isHonest ? 0 : 20, upstream.Requests.Count(request => request.Method == "GET") - before);

        Task<HttpResponseMessage> Head(string path) => alice.Do(HttpMethod.Head, $"/v2/a/b/{path}", RegistryClient.Pull("a/b"));
    }

    /// <summary>A registry that refuses the HEAD of each blob, whatever the token: it opens what a GET asks for.</summary>
    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_head_that_is_refused_with_a_good_token_is_of_no_credential_and_not_asked_again(int status)
    {
        await using var upstream = await WithTokens(_ => "t1", context =>
            HttpMethods.IsHead(context.Request.Method) && context.Request.Path.Value!.Contains("/blobs/") ? status : 200);
        await using var door = await Before(upstream);
        using var alice = door.Client("alice");
        using var manifest = await alice.GetManifest("a/b", "v1");
        await manifest.ShouldBe(HttpStatusCode.OK);
        for (var again = 0; again < 6; again++)
        {
            var blob = Blobs[again % 2];
            using var head = await alice.Do(HttpMethod.Head, $"/v2/a/b/blobs/{blob.Digest}", RegistryClient.Pull("a/b"));
            Assert.Equal((HttpStatusCode.OK, blob.Bytes.Length), (head.StatusCode, head.Content.Headers.ContentLength));
        }

        Assert.Single(upstream.Requests, request => request.Method == "HEAD" && request.Target.Contains("/blobs/"));
        Assert.Single(upstream.Requests, request => request.Target.StartsWith("/token", StringComparison.Ordinal));
        Assert.DoesNotContain("refuses", await door.Admin("/admin/upstreams"));
    }

    [Fact]
    public async Task Where_heads_are_answered_a_token_that_is_refused_to_one_is_replaced()
    {
        var current = "t1";
        await using var upstream = await WithTokens(_ => current, _ => 200);
        await using var door = await Before(upstream);
        using var alice = door.Client("alice");
        using (var known = await Head())
        {
            await known.ShouldBe(HttpStatusCode.OK);
        }

        current = "t2";
        await Eventually.True(
            async () =>
            {
                using var replaced = await Head();
                return replaced.StatusCode == HttpStatusCode.OK;
            },
            "the token is replaced");
        Assert.DoesNotContain(upstream.Requests, request => request.Method == "GET" && request.Target.Contains("/blobs/"));

        Task<HttpResponseMessage> Head() =>
            alice.Do(HttpMethod.Head, $"/v2/a/b/blobs/{Blobs[0].Digest}", RegistryClient.Pull("a/b"));
    }

    [Fact]
    public async Task How_long_a_blob_is_a_get_tells_where_head_does_not()
    {
        await using var upstream = await RecordingUpstream.Start(context =>
            HttpMethods.IsHead(context.Request.Method) || context.Request.Path == "/v2/" ? Task.CompletedTask
                : Results.Bytes(Blobs[0].Bytes, enableRangeProcessing: true).ExecuteAsync(context));
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using var head = await alice.Do(HttpMethod.Head, $"/v2/a/b/blobs/{Blobs[0].Digest}", RegistryClient.Pull("a/b"));
        Assert.Equal((HttpStatusCode.OK, 1000L), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.False(head.Content.Headers.Contains("Content-Range"));
    }

    private static Task<LeasedDoor> Before(RecordingUpstream upstream) => LeasedDoors.Take(DoorConfiguration.Single(
        upstream.Url, ", credentials: { type: basic, username: one, password: { value: two } }"));

    /// <summary>A registry that takes the tokens that its service gives, and then answers with a status.</summary>
    private static Task<RecordingUpstream> WithTokens(Func<HttpContext, string> token, Func<HttpContext, int> status) =>
        RecordingUpstream.Start(context =>
        {
            var (request, response) = (context.Request, context.Response);
            if (request.Path == "/token")
            {
                return response.WriteAsync($$"""{"token":"{{token(context)}}","expires_in":300}""");
            }

            response.StatusCode = request.Headers.Authorization == $"Bearer {token(context)}" ? status(context) : 401;
            response.Headers.WWWAuthenticate = response.StatusCode == 401
                ? $"Bearer realm=\"http://{request.Host}/token\",service=\"here\"" : default;
            var name = request.Path.Value!.Split('/')[^1];
            return response.StatusCode != 200 ? Task.CompletedTask
                : Results.Bytes(
                    Array.Find(Blobs, blob => blob.Digest.Value == name)?.Bytes ?? TestImage.Build(80, 10).Manifest.Bytes,
                    TestImage.OciManifest, enableRangeProcessing: true).ExecuteAsync(context);
        });
}
