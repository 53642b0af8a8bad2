using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Answers to pulls as registries give them that people run: without HEAD, without a digest or with a false one, with labels that mean
/// nothing.
/// </summary>
public sealed class FieldAnswerTests(SharedDoor shared) : IClassFixture<SharedDoor>
{
    private static readonly TestImage Image = TestImage.Build(910, 3000);
    private static readonly TestBlob Layer = Image.Layers[0];

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(406)]
    [InlineData(500)]
    [InlineData(501)]
    public async Task A_registry_that_takes_no_head_is_pulled_from_as_any_other(int status)
    {
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = HttpMethods.IsHead(context.Request.Method) ? status : 200;
            return context.Response.StatusCode == 200 ? Serve(context) : Task.CompletedTask;
        });
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        using var stranger = door.Client();
        for (var i = 0; i < 3; i++)
        {
            await Status(HttpStatusCode.NotFound, stranger.GetManifest("a/b", $"none-{i}"));
            await Status(HttpStatusCode.OK, alice.GetManifest("a/b", "v1"));
            await Status(HttpStatusCode.OK, stranger.GetManifest("a/b", "v1"));
        }

        foreach (var repository in new[] { "a/b", "other/b" })
        {
            await Status(HttpStatusCode.OK, alice.GetBlob(repository, Layer.Digest));
            await Status(HttpStatusCode.OK, alice.GetManifest(repository, Image.Manifest.Digest.Value));
            using var head = await alice.Do(HttpMethod.Head, $"/v2/{repository}/manifests/v1", RegistryClient.Pull(repository));
            Assert.Equal((HttpStatusCode.OK, Image.Manifest.Bytes.Length), (head.StatusCode, head.Content.Headers.ContentLength));
        }

        await Status(HttpStatusCode.NotFound, alice.GetBlob("other/b", Image.Config.Digest));
        Assert.InRange(upstream.Requests.Count(request => request.Method == "HEAD"), 1, 20);
    }

    [Fact]
    public async Task A_head_that_the_registry_or_its_storage_does_not_take_is_answered_by_a_get()
    {
        await using var storage = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = HttpMethods.IsHead(context.Request.Method) ? 403 : 200;
            return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask
                : Results.Bytes(Layer.Bytes, enableRangeProcessing: true).ExecuteAsync(context);
        });
        var place = shared.Take(context =>
        {
            var isBlob = context.Request.Path.Value!.Contains("/blobs/", StringComparison.Ordinal);
            context.Response.StatusCode = isBlob ? 307 : HttpMethods.IsHead(context.Request.Method) ? 405 : 200;
            context.Response.Headers.Location = isBlob ? $"{storage.Url}/{Layer.Digest}" : default;
            return context.Response.StatusCode == 200 ? Serve(context) : Task.CompletedTask;
        });
        using var alice = shared.Door.Client("alice");
        var repository = place.Repository;
        for (var i = 0; i < 2; i++)
        {
            using var blob = await alice.Do(HttpMethod.Head, $"/v2/{repository}/blobs/{Layer.Digest}", RegistryClient.Pull(repository));
            Assert.Equal((HttpStatusCode.OK, Layer.Bytes.Length), (blob.StatusCode, blob.Content.Headers.ContentLength));
            Assert.False(blob.Content.Headers.Contains("Content-Range"));
            using var manifest = await alice.Do(HttpMethod.Head, $"/v2/{repository}/manifests/v1", RegistryClient.Pull(repository));
            Assert.Equal((HttpStatusCode.OK, Image.Manifest.Bytes.Length), (manifest.StatusCode, manifest.Content.Headers.ContentLength));
        }
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(true, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public async Task A_digest_that_is_missing_or_false_is_computed(bool caches, string? claimed)
    {
        await using var before = await shared.Before(caches, "1h", async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = HttpMethods.IsPut(context.Request.Method) ? 201 : 200;
            await (context.Response.StatusCode == 200 ? Serve(context, claimed ?? "") : Task.CompletedTask);
        });
        var (alice, repository) = (before.Alice, before.Repository);
        using var put = await alice.PutManifest(repository, "v1", Image.Manifest);
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(Image.Manifest.Digest.Value, DigestOf(put));
        foreach (var reference in new[] { "v1", Image.Manifest.Digest.Value })
        {
            using var got = await alice.GetManifest(repository, reference);
            Assert.Equal(Image.Manifest.Bytes, await got.Content.ReadAsByteArrayAsync());
            Assert.Equal(Image.Manifest.Digest.Value, DigestOf(got));
        }

        foreach (var tag in new[] { "v1", "never-pulled", "v1" })
        {
            using var head = await alice.Do(HttpMethod.Head, $"/v2/{repository}/manifests/{tag}", RegistryClient.Pull(repository));
            Assert.Equal((Image.Manifest.Digest.Value, Image.Manifest.Bytes.Length), (DigestOf(head), head.Content.Headers.ContentLength));
        }

        await Status(HttpStatusCode.BadGateway, alice.GetManifest(repository, Layer.Digest.Value));
    }

    /// <summary>
    /// A tag may lead to what never came by; the digest that an upstream says of it is looked at once, where that costs no pull.
    /// </summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task A_digest_that_a_head_says_is_checked_once_unless_the_upstream_counts_pulls(bool counts, int gets)
    {
        var place = shared.Take(context =>
        {
            context.Response.Headers["RateLimit-Remaining"] = counts ? "90;w=21600" : default;
            return Serve(context, Image.Manifest.Digest.Value);
        });
        using var alice = shared.Door.Client("alice");
        for (var again = 0; again < 3; again++)
        {
            using var head = await alice.Do(
                HttpMethod.Head, $"/v2/{place.Repository}/manifests/v1", RegistryClient.Pull(place.Repository));
            Assert.Equal(Image.Manifest.Digest.Value, DigestOf(head));
        }

        Assert.Equal(gets, place.Upstream.Requests.Count(request => request.Method == "GET" && request.Target.Contains("/manifests/")));
    }

    [Fact]
    public async Task The_digest_of_a_large_manifest_is_computed_too()
    {
        var large = TestBlob.Of($$"""{"schemaVersion":2,"mediaType":"{{TestImage.OciManifest}}","x":"{{new string('x', 200_000)}}"}""");
        var place = shared.Take(context =>
        {
            context.Response.ContentType = TestImage.OciManifest;
            context.Response.ContentLength = context.Request.Path == "/v2/" ? null : large.Bytes.Length;
            context.Response.Headers["Docker-Content-Digest"] = Layer.Digest.Value;
            return context.Request.Path == "/v2/" || HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask
                : context.Response.Body.WriteAsync(large.Bytes).AsTask();
        });
        using var alice = shared.Door.Client("alice");
        using var got = await alice.GetManifest(place.Repository, "v1");
        Assert.Equal(large.Digest.Value, DigestOf(got));
        Assert.Equal(large.Bytes, await got.Content.ReadAsByteArrayAsync());
        using var head = await alice.Do(
            HttpMethod.Head, $"/v2/{place.Repository}/manifests/v1", RegistryClient.Pull(place.Repository));
        Assert.Equal((large.Digest.Value, large.Bytes.Length), (DigestOf(head), head.Content.Headers.ContentLength));
    }

    [Theory]
    [InlineData("x-gzip", false)]
    [InlineData("gzip", true)]
    [InlineData("aws-chunked", false)]
    [InlineData("aws-chunked", true)]
    public async Task A_label_of_an_encoding_is_dropped_and_the_digest_decides(string label, bool caches)
    {
        await using var before = await shared.Before(caches, "0s", context =>
        {
            context.Response.Headers.ContentEncoding = context.Request.Path == "/v2/" ? default : label;
            return Serve(context);
        });
        var (alice, repository) = (before.Alice, before.Repository);
        using var blob = await alice.GetBlob(repository, Layer.Digest);
        Assert.Equal(Layer.Bytes, await blob.Content.ReadAsByteArrayAsync());
        Assert.Empty(blob.Content.Headers.ContentEncoding);
        using var manifest = await alice.GetManifest(repository, "v1");
        Assert.Equal(Image.Manifest.Bytes, await manifest.Content.ReadAsByteArrayAsync());
        using var wrong = await alice.GetBlob(repository, TestBlob.Of("another").Digest);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => wrong.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_manifest_of_a_type_that_is_not_known_is_fetched_once()
    {
        const string Type = "application/vnd.example.artifact.v1+json";
        var artifact = TestBlob.Of($$"""{"mediaType":"{{Type}}","blobs":[]}""");
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            context.Response.Headers["Docker-Content-Digest"] = artifact.Digest.Value;
            return Results.Bytes(artifact.Bytes, Type).ExecuteAsync(context);
        });
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        foreach (var accept in new[] { $"{TestImage.OciManifest}, {TestImage.OciIndex}, {Type}", "*/*", Type, "*/*" })
        {
            using var pulled = await alice.Do(
                HttpMethod.Get, "/v2/a/b/manifests/v1", RegistryClient.Pull("a/b"), null, ("Accept", accept));
            Assert.Equal(artifact.Bytes, await pulled.Content.ReadAsByteArrayAsync());
            Assert.Equal(Type, pulled.Content.Headers.ContentType!.ToString());
        }

        Assert.Equal(1, upstream.Requests.Count(
            request => request.Method == "GET" && request.Target.Contains("/manifests/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Who_failed_is_said_and_what_is_not_there_keeps_its_name()
    {
        await using var storage = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = 403;
            return Task.CompletedTask;
        });
        var place = shared.Take(context =>
        {
            var path = context.Request.Path.Value!;
            context.Response.StatusCode = path == "/v2/" ? 200 : path.Contains("/blobs/") ? 307 : 404;
            context.Response.Headers.Location = $"{storage.Url}/{Layer.Digest}";
            return context.Response.WriteAsync(
                context.Response.StatusCode == 404 ? """{"errors":[{"code":"NAME_UNKNOWN","message":"secret words"}]}""" : "");
        });
        using var alice = shared.Door.Client("alice");
        var repository = place.Repository;
        using var blob = await alice.GetBlob(repository, Layer.Digest);
        Assert.DoesNotContain("credentials", await blob.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE"));
        using var manifest = await alice.GetManifest(repository, "v1");
        Assert.DoesNotContain("secret words", await manifest.ShouldFail(HttpStatusCode.NotFound, "NAME_UNKNOWN"));
        using var referrers = await alice.Do(HttpMethod.Get, $"/v2/{repository}/referrers/{Layer.Digest}", RegistryClient.Pull(repository));
        await referrers.ShouldFail(HttpStatusCode.NotFound, "NAME_UNKNOWN");
    }

    [Fact]
    public async Task A_large_manifest_of_which_nobody_says_the_digest_has_that_of_its_bytes()
    {
        var (large, larger) = (Bytes(100_000), Bytes(5 << 20));
        var place = shared.Take(async context =>
        {
            var path = context.Request.Path.Value!;
            if (path != "/v2/")
            {
                var bytes = path.Contains("larger", StringComparison.Ordinal) ? larger : large;
                context.Response.ContentType = TestImage.OciManifest;
                context.Response.ContentLength = path.EndsWith("chunked", StringComparison.Ordinal) ? null : bytes.Length;
                await context.Response.Body.WriteAsync(bytes);
            }
        });
        using var alice = shared.Door.Client("alice");
        foreach (var tag in new[] { "large", "large-chunked", "larger", "larger-chunked" })
        {
            var isLarger = tag.StartsWith("larger", StringComparison.Ordinal);
            using var got = await alice.GetManifest(place.Repository, tag);
            await got.ShouldBe(HttpStatusCode.OK);
            Assert.Equal(isLarger ? larger : large, await got.Content.ReadAsByteArrayAsync());
            Assert.Equal(isLarger ? null : new TestBlob(large).Digest.Value, DigestOf(got));
        }

        static byte[] Bytes(int length) => System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"schemaVersion":2,"mediaType":"{{{TestImage.OciManifest}}}","annotations":{"a":"{{{new string('x', length)}}}"}}""");
    }

    private static string? DigestOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Docker-Content-Digest", out var values) ? values.Single() : null;

    private static async Task Status(HttpStatusCode status, Task<HttpResponseMessage> answer)
    {
        using var response = await answer;
        await response.ShouldBe(status);
    }

    /// <summary>The image in every repository, whatever asks; its config alone is missing.</summary>
    private static Task Serve(HttpContext context, string? digest = null)
    {
        var path = context.Request.Path.Value!;
        if (path == "/v2/" || path.EndsWith(Image.Config.Digest.Value, StringComparison.Ordinal)
            || path.Contains("/none-", StringComparison.Ordinal))
        {
            context.Response.StatusCode = path == "/v2/" ? 200 : 404;
            return Task.CompletedTask;
        }

        var isManifest = path.Contains("/manifests/", StringComparison.Ordinal);
        if (isManifest && (digest ??= Image.Manifest.Digest.Value).Length > 0)
        {
            context.Response.Headers["Docker-Content-Digest"] = digest;
        }

        return Results.Bytes(
            (isManifest ? Image.Manifest : Layer).Bytes, isManifest ? TestImage.OciManifest
                : null, enableRangeProcessing: true).ExecuteAsync(context);
    }
}
