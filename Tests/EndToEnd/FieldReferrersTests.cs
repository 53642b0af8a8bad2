using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Registries that differ in how they have referrers; the first part of a repository's name says how.</summary>
public sealed class FieldReferrersTests : IAsyncLifetime
{
    private const string Type = "application/vnd.example.signature";

    private static readonly Digest Subject = TestImage.Build(1810, 10).Manifest.Digest;
    private static readonly string Tag = $"sha256-{Subject.Hex}";

    private readonly ConcurrentDictionary<string, TestBlob> _manifests = new();
    private readonly ConcurrentDictionary<string, string> _types = new();
    private RecordingUpstream _upstream = null!;
    private LeasedDoor _door = null!;
    private RegistryClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(Answer);
        _door = await LeasedDoors.Take(DoorConfiguration.Single(_upstream.Url));
        _alice = _door.Client("alice");
    }

    [Fact]
    public async Task Pages_go_on_by_whatever_cursor_the_registry_has_and_never_look_complete()
    {
        using var first = await Page("paged/x", "?artifactType=a");
        var link = first.Headers.GetValues("Link").Single();
        Assert.Equal($"</v2/paged/x/referrers/{Subject}?artifactType=a&next%5Btoken%5D=b%2Fc>; rel=\"next\"", link);
        using var second = await Page("paged/x", link[link.IndexOf('?')..link.IndexOf('>')]);
        Assert.False(second.Headers.Contains("Link"));
        Assert.Contains(_upstream.Requests, request => request.Target.EndsWith("?artifactType=a&next%5Btoken%5D=b%2Fc"));
        using var elsewhere = await Page("elsewhere/x", "");
        await elsewhere.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");

        Task<HttpResponseMessage> Page(string repository, string query) => _alice.Do(
            HttpMethod.Get, $"/v2/{repository}/referrers/{Subject}{query}", RegistryClient.Pull(repository));
    }

    [Fact]
    public async Task Every_registry_is_taken_as_it_is()
    {
        // The list is another one when ours comes: it is read once more.
        var first = await Attach("changing/x", 1, Subject.Value);
        var second = await Attach("changing/x", 2, Subject.Value);
        Assert.Equal(["sha256:other", first, second], await _alice.List("changing/x", Subject));
        Assert.Contains(_upstream.Requests, request => request.Headers.GetValueOrDefault("If-None-Match") == "*");
        Assert.Contains(_upstream.Requests, request => request.Headers.ContainsKey("If-Match"));

        // Only what is certain is told: who is not told does it himself.
        await Attach("readonly/x", 1, null);
        await Attach("broken/x", 1, null);

        // What has no API, and says so in other ways.
        var only = await Attach("unsupported/x", 1, Subject.Value);
        Assert.Equal([only], await _alice.List("unsupported/x", Subject));
    }

    [Fact]
    public async Task A_registry_that_has_them_itself_is_left_alone()
    {
        var digest = await Attach("native/x", 1, Subject.Value);
        using var deleted = await _alice.Do(HttpMethod.Delete, $"/v2/native/x/manifests/{digest}", "repository:native/x:delete");
        await deleted.ShouldBe(HttpStatusCode.Accepted);
        Assert.DoesNotContain(_upstream.Requests,
            request => request.Target.Contains(Tag, StringComparison.Ordinal)
                || request.Target.Contains("/referrers/", StringComparison.Ordinal));
        Assert.Equal(2, _upstream.Requests.Count(request => request.Target.EndsWith(digest, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}""")]
    [InlineData("""{"schemaVersion":2,"manifests":[{"digest":"sha256:1"}""")]
    [InlineData("")]
    public async Task A_list_that_cannot_be_read_is_no_list_and_is_not_replaced(string text)
    {
        _manifests[$"odd/x/{Tag}"] = TestBlob.Of(text);
        using var listed = await _alice.Do(HttpMethod.Get, $"/v2/odd/x/referrers/{Subject}", RegistryClient.Pull("odd/x"));
        await listed.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        await Attach("odd/x", 1, null);
        Assert.Equal(text, Encoding.UTF8.GetString(_manifests[$"odd/x/{Tag}"].Bytes));
    }

    /// <summary>Some tag images by their own digest, and some registries take such a tag for the digest.</summary>
    [Theory]
    [InlineData(TestImage.OciIndex)]
    [InlineData("application/json")]
    public async Task A_tag_that_leads_to_the_image_itself_is_no_list_and_stays(string type)
    {
        var image = TestBlob.Of($$"""{"schemaVersion":2,"mediaType":"{{TestImage.OciIndex}}","manifests":[],"x":"{{type}}"}""");
        var tag = $"own/x/sha256-{image.Digest.Hex}";
        (_manifests[tag], _types[tag]) = (image, type);
        Assert.Empty(await _alice.List("own/x", image.Digest));
        var manifest = TestReferrer.Of(image.Digest, Type, 1);
        using var attached = await _alice.PutManifest("own/x", manifest.Digest.Value, manifest);
        await attached.ShouldBe(HttpStatusCode.Created);
        Assert.Null(TestReferrer.SubjectOf(attached));
        using var deleted = await _alice.Do(
            HttpMethod.Delete, $"/v2/own/x/manifests/{manifest.Digest}", "repository:own/x:delete");
        await deleted.ShouldBe(HttpStatusCode.Accepted);
        Assert.Equal(image.Bytes, _manifests[tag].Bytes);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain; charset=utf-8")]
    public async Task What_is_labelled_as_anything_is_what_it_says_it_is(string type)
    {
        var key = $"vague/x/{Tag}";
        _types[key] = type;
        var (one, two) = (await Attach("vague/x", 1, Subject.Value), await Attach("vague/x", 2, Subject.Value));
        Assert.Equal([one, two], await _alice.List("vague/x", Subject));
    }

    [Theory]
    [InlineData("refused")]
    [InlineData("page")]
    [InlineData("error")]
    [InlineData("nothing")]
    [InlineData("bad")]
    public async Task Whoever_has_no_referrers_says_so_in_some_way_and_its_tag_is_kept(string kind)
    {
        Assert.Empty(await _alice.List($"{kind}/x", Subject));
        var digest = await Attach($"{kind}/x", 1, Subject.Value);
        Assert.Contains(digest, Encoding.UTF8.GetString(_manifests[$"{kind}/x/{Tag}"].Bytes));
        Assert.Equal([digest], await _alice.List($"{kind}/x", Subject));
        using var head = await _alice.Do(HttpMethod.Head, $"/v2/{kind}/x/referrers/{Subject}", RegistryClient.Pull($"{kind}/x"));
        await head.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData(null)]
    public async Task What_is_pushed_under_a_label_that_says_nothing_is_listed(string? type)
    {
        var manifest = TestReferrer.Of(Subject, Type, 1);
        using var body = new ByteArrayContent(manifest.Bytes);
        body.Headers.TryAddWithoutValidation("Content-Type", type);
        using var attached = await _alice.Do(
            HttpMethod.Put, $"/v2/plain/x/manifests/{manifest.Digest}", RegistryClient.Push("plain/x"), body);
        await attached.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(Subject.Value, TestReferrer.SubjectOf(attached));
        Assert.Equal([manifest.Digest.Value], await _alice.List("plain/x", Subject));
    }

    [Fact]
    public async Task What_is_deleted_is_taken_off_the_list_by_a_registry_of_any_kind()
    {
        var digest = await Attach("plain/x", 1, Subject.Value);
        using var deleted = await _alice.Do(HttpMethod.Delete, $"/v2/plain/x/manifests/{digest}", "repository:plain/x:delete");
        await deleted.ShouldBe(HttpStatusCode.Accepted);
        Assert.Empty(await _alice.List("plain/x", Subject));
    }

    /// <summary>Attaches one; what the client is told that it is attached to, if anything.</summary>
    private async Task<string> Attach(string repository, int number, string? told)
    {
        var manifest = TestReferrer.Of(Subject, Type, number);
        using var attached = await _alice.PutManifest(repository, manifest.Digest.Value, manifest);
        await attached.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(told, TestReferrer.SubjectOf(attached));
        return manifest.Digest.Value;
    }

    private async Task Answer(HttpContext context)
    {
        var parts = context.Request.Path.Value!["/v2/".Length..].Split('/');
        if (parts is not [var kind, "x", var endpoint, var reference])
        {
            return;
        }

        if (endpoint == "referrers" && kind is "paged" or "elsewhere")
        {
            context.Response.ContentType = "application/vnd.oci.image.index.v1+json";
            context.Response.Headers.Link = context.Request.Query.ContainsKey("next[token]") ? default
                : kind == "paged" ? $"<{context.Request.Path}?artifactType=a&next%5Btoken%5D=b%2Fc>; rel=\"next\""
                : "</v2/_referrers?token=x>; rel=\"next\"";
            await context.Response.WriteAsync("""{"schemaVersion":2,"manifests":[]}""");
            return;
        }

        if (endpoint == "referrers")
        {
            context.Response.StatusCode = kind switch
            {
                "unsupported" => 405, "refused" => 406, "bad" => 400, "page" or "error" or "nothing" => 200, _ => 404,
            };
            context.Response.ContentType = kind switch { "page" => "text/html", "error" => "application/json", _ => null };
            await context.Response.WriteAsync(kind == "error" ? "{\"errors\":[{\"code\":\"UNSUPPORTED\"}]}" : "");
            return;
        }

        var key = $"{kind}/x/{reference}";
        switch (context.Request.Method)
        {
            case "PUT" when reference == Tag && kind is ("readonly" or "broken"):
                context.Response.StatusCode = kind == "readonly" ? 403 : 500;
                break;
            case "PUT":
                await Put(context, kind, key, reference);
                break;
            case "DELETE":
                context.Response.StatusCode = _manifests.TryRemove(key, out _) ? 202 : 404;
                break;
            case var _ when _manifests.TryGetValue(key, out var manifest):
                context.Response.ContentType = _types.GetValueOrDefault(key)
                    ?? (reference == Tag ? TestImage.OciIndex : TestImage.OciManifest);
                context.Response.Headers.ETag = $"\"{manifest.Digest}\"";
                await context.Response.Body.WriteAsync(manifest.Bytes);
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }

    private async Task Put(HttpContext context, string kind, string key, string reference)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var known = _manifests.GetValueOrDefault(key);
        if (kind == "changing" && reference == Tag && known is null)
        {
            // Somebody else is first.
            _manifests[key] = TestBlob.Of("""{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:other","size":1}]}""");
            context.Response.StatusCode = 412;
            return;
        }

        if (context.Request.Headers.IfMatch is [{ } expected] && expected != $"\"{known?.Digest}\"")
        {
            context.Response.StatusCode = 412;
            return;
        }

        _manifests[key] = new TestBlob(body.ToArray());
        context.Response.StatusCode = 201;
        if (kind == "native")
        {
            context.Response.Headers["OCI-Subject"] = Subject.Value;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }
}
