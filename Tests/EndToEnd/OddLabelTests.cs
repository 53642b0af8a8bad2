using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What headers of an upstream leave out, or say wrong, is made up for by what it sends.</summary>
public sealed class OddLabelTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> Types = new()
    {
        ["none"] = "", ["json"] = "application/json", ["bytes"] = "application/octet-stream", ["text"] = "text/plain; charset=utf-8",
        ["odd"] = "OCI manifest", ["zero"] = TestImage.OciManifest, ["unsized"] = TestImage.OciManifest,
    };

    private TestImage _image = null!;
    private RecordingUpstream _upstream = null!;
    private LeasedDoor _door = null!;
    private RegistryClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(Answer);
        _door = await LeasedDoors.Take(DoorConfiguration.Single(
            _upstream.Url, extra: "cache: { path: cache }", extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
        _image = TestImage.Build(77_100 + _door.Number, 20_000);
        _alice = _door.Client("alice");
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    /// <summary>Object storage and web servers call a manifest anything, and many say no length, or none, to HEAD.</summary>
    [Theory]
    [InlineData("none")]
    [InlineData("json")]
    [InlineData("bytes")]
    [InlineData("text")]
    [InlineData("odd")]
    [InlineData("zero")]
    [InlineData("unsized")]
    public async Task A_manifest_has_its_type_digest_and_length_whatever_the_upstream_says(string kind)
    {
        foreach (var repository in new[] { $"a/{kind}", $"cached/{kind}" })
        {
            foreach (var reference in new[] { "v1", _image.Manifest.Digest.Value })
            {
                foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get, HttpMethod.Head })
                {
                    using var response = await _alice.Do(
                        method, $"/v2/{repository}/manifests/{reference}", RegistryClient.Pull(repository), null,
                        ("Accept", TestImage.OciManifest));
                    await response.ShouldBe(HttpStatusCode.OK);
                    Assert.Equal(TestImage.OciManifest, response.Content.Headers.ContentType?.ToString());
                    Assert.Equal(_image.Manifest.Bytes.Length, response.Content.Headers.ContentLength);
                    Assert.Equal(_image.Manifest.Digest.Value, response.Headers.GetValues("Docker-Content-Digest").Single());
                }
            }
        }
    }

    [Theory]
    [InlineData("star")]
    [InlineData("more")]
    public async Task A_part_that_nobody_can_go_on_with_is_replaced_by_the_whole(string kind)
    {
        var blob = _image.Layers[0];
        using var response = await _alice.GetBlob($"a/{kind}", blob.Digest, ("Range", "bytes=5-104"));
        await response.ShouldBe(HttpStatusCode.OK);
        Assert.Equal(blob.Bytes, await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("stays")]
    [InlineData("twice")]
    [InlineData("dots")]
    public async Task An_upload_goes_on_where_the_upstream_has_it(string kind)
    {
        var location = await _alice.StartUpload($"a/{kind}");
        using var patched = await _alice.Do(
            HttpMethod.Patch, location, RegistryClient.Push($"a/{kind}"), new ByteArrayContent(new byte[100]));
        await patched.ShouldBe(HttpStatusCode.Accepted);
        using var put = await _alice.Do(
            HttpMethod.Put, $"{patched.Headers.Location!.OriginalString}?digest={TestBlob.Random(1, 1).Digest}",
            RegistryClient.Push($"a/{kind}"), new ByteArrayContent([]));
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.StartsWith($"/v2/a/{kind}/blobs/uploads/1?digest=", _upstream.Requests.Last(request => request.Method == "PUT").Target);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(405)]
    [InlineData(409)]
    [InlineData(422)]
    [InlineData(501)]
    public async Task A_mount_that_the_upstream_refuses_is_an_upload(int status)
    {
        using var mounted = await _alice.Do(
            HttpMethod.Post, $"/v2/a/{status}/blobs/uploads/?mount={_image.Layers[0].Digest}&from=a/src",
            $"{RegistryClient.Push($"a/{status}")} {RegistryClient.Pull("a/src")}");
        await mounted.ShouldBe(HttpStatusCode.Accepted);
        Assert.StartsWith($"/v2/a/{status}/blobs/uploads/", mounted.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task An_upstream_that_does_not_know_the_address_of_referrers_has_no_such_api()
    {
        using var response = await _alice.Do(
            HttpMethod.Get, $"/v2/a/old/referrers/{_image.Manifest.Digest}", RegistryClient.Pull("a/old"));
        await response.ShouldBe(HttpStatusCode.OK);
        Assert.Contains("\"manifests\":[]", await response.Content.ReadAsStringAsync());
        using var paged = await _alice.Do(
            HttpMethod.Get, $"/v2/a/old/referrers/{_image.Manifest.Digest}?next=x", RegistryClient.Pull("a/old"));
        Assert.Equal(HttpStatusCode.BadRequest, paged.StatusCode);
    }

    private async Task Answer(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var parts = request.Path.Value!.Split('/');
        var kind = parts.Length > 3 ? parts[3] : "";
        if (parts.Contains("uploads"))
        {
            Upload(context, kind);
        }
        else if (parts.Contains("manifests") && !parts[^1].StartsWith("sha256-", StringComparison.Ordinal))
        {
            await Manifest(context, kind);
        }
        else if (parts.Contains("blobs"))
        {
            await Part(context, kind);
        }
        else if (request.Path != "/v2/")
        {
            response.StatusCode = parts.Contains("referrers") ? 400 : 404;
        }
    }

    private static void Upload(HttpContext context, string kind)
    {
        var (method, headers) = (context.Request.Method, context.Response.Headers);
        if (context.Request.Query.ContainsKey("mount"))
        {
            context.Response.StatusCode = int.Parse(kind, CultureInfo.InvariantCulture);
            return;
        }

        context.Response.StatusCode = method == "PUT" ? 201 : 202;
        if (method == "POST" || kind != "stays")
        {
            var location = $"/v2/a/{kind}/blobs/uploads/1";
            headers.Location = kind switch
            {
                "twice" => new StringValues([location, location]),
                "dots" => "../uploads/./x/../1",
                _ => location,
            };
        }

        headers.Range = method == "PATCH" ? "0-99" : "0-0";
    }

    private async Task Manifest(HttpContext context, string kind)
    {
        var response = context.Response;
        response.ContentType = Types.GetValueOrDefault(kind, TestImage.OciManifest) is { Length: > 0 } type ? type : null;
        response.Headers["Docker-Content-Digest"] = _image.Manifest.Digest.Value;
        var isHead = HttpMethods.IsHead(context.Request.Method);
        if (kind != "unsized")
        {
            response.ContentLength = isHead && kind == "zero" ? 0 : _image.Manifest.Bytes.Length;
        }

        if (!isHead)
        {
            await response.Body.WriteAsync(_image.Manifest.Bytes);
        }
    }

    private async Task Part(HttpContext context, string kind)
    {
        var (response, bytes) = (context.Response, _image.Layers[0].Bytes);
        if (context.Request.Headers.Range.Count > 0)
        {
            response.StatusCode = 206;
            var (first, end) = kind == "star" ? (5, 105) : (0, bytes.Length);
            var whole = kind == "star" ? "*" : bytes.Length.ToString(CultureInfo.InvariantCulture);
            response.Headers.ContentRange = $"bytes {first}-{end - 1}/{whole}";
            bytes = bytes[first..end];
        }

        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes);
    }
}
