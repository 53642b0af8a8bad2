using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Success under another status is success, as of proxies that change what passes through them (RFC 9110 §15.3.4) and of caches that answer
/// everything with a part; success that brings no manifest is none.
/// </summary>
public sealed class OddSuccessTests : IAsyncLifetime
{
    private TestImage _image = null!;
    private RecordingUpstream _upstream = null!;
    private LeasedDoor _door = null!;
    private RegistryClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(Answer);
        _door = await LeasedDoors.Take(DoorConfiguration.Single(
            _upstream.Url, extra: "cache: { path: cache }", extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
        _image = TestImage.Build(34_700 + _door.Number, 1000);
        _alice = _door.Client("alice");
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("changed")]
    [InlineData("part")]
    public async Task What_succeeds_in_other_words_is_pulled(string kind)
    {
        var blob = _image.Layers[0];
        foreach (var repository in new[] { $"a/{kind}", $"cached/{kind}" })
        {
            foreach (var (path, bytes) in new[]
            {
                ("manifests/v1", _image.Manifest.Bytes), ($"manifests/{_image.Manifest.Digest}", _image.Manifest.Bytes),
                ($"blobs/{blob.Digest}", blob.Bytes),
            })
            {
                using var pulled = await _alice.Do(HttpMethod.Get, $"/v2/{repository}/{path}", RegistryClient.Pull(repository));
                await pulled.ShouldBe(HttpStatusCode.OK);
                Assert.Null(pulled.Content.Headers.ContentRange);
                Assert.Equal(bytes, await pulled.Content.ReadAsByteArrayAsync());
                using var head = await _alice.Do(HttpMethod.Head, $"/v2/{repository}/{path}", RegistryClient.Pull(repository));
                Assert.Equal((HttpStatusCode.OK, (long)bytes.Length), (head.StatusCode, head.Content.Headers.ContentLength));
            }
        }

        using var tags = await _alice.Do(HttpMethod.Get, $"/v2/a/{kind}/tags/list", RegistryClient.Pull($"a/{kind}"));
        Assert.Contains("\"v1\"", await tags.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("half")]
    [InlineData("half-part")]
    public async Task A_part_that_nobody_asked_for_is_no_content(string kind)
    {
        foreach (var repository in new[] { $"a/{kind}", $"cached/{kind}" })
        {
            using var pulled = await _alice.GetManifest(repository, _image.Manifest.Digest.Value);
            await pulled.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE");
        }
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("half")]
    [InlineData("packed")]
    [InlineData("text")]
    public async Task What_is_no_object_is_no_manifest(string kind)
    {
        foreach (var repository in new[] { $"a/{kind}", $"cached/{kind}" })
        {
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head, HttpMethod.Get })
            {
                using var pulled = await _alice.Do(method, $"/v2/{repository}/manifests/v1", RegistryClient.Pull(repository));
                Assert.Equal((repository, method, HttpStatusCode.BadGateway), (repository, method, pulled.StatusCode));
            }
        }
    }

    private async Task Answer(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var parts = request.Path.Value!.Split('/');
        if (parts.Length < 5)
        {
            return;
        }

        var whole = parts[^2] switch
        {
            "manifests" => _image.Manifest.Bytes,
            "blobs" => _image.Layers[0].Bytes,
            _ => """{"name":"x","tags":["v1"]}"""u8.ToArray(),
        };
        response.ContentType = parts[^2] == "manifests" ? TestImage.OciManifest : "application/json";
        response.StatusCode = parts[^3] switch { "changed" => 203, "part" or "half-part" => 206, _ => 200 };
        var bytes = parts[^3] switch
        {
            "empty" => [],
            "half" or "half-part" => whole[..^10],
            "packed" => await Pack(whole),
            "text" => "try again later"u8.ToArray(),
            _ => whole,
        };
        response.Headers.ContentRange = response.StatusCode == 206 ? $"bytes 0-{bytes.Length - 1}/{whole.Length}" : default;
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(request.Method))
        {
            await response.Body.WriteAsync(bytes);
        }
    }

    private static async Task<byte[]> Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
        {
            await gzip.WriteAsync(bytes);
        }

        return packed.ToArray();
    }
}
