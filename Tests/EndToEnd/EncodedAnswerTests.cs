using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// What compresses all JSON, whatever is asked for, stands before many registries: what comes so is read as what it is, or refused clearly,
/// and nobody gets it under another name.
/// </summary>
public sealed class EncodedAnswerTests : IAsyncLifetime
{
    private const string Zstandard = "zstd";

    private static readonly string[] Encodings = ["gzip", "x-gzip", "identity", "none"];

    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    private TestBlob _manifest = null!;
    private RecordingUpstream _upstream = null!;
    private LeasedDoor _door = null!;
    private RegistryClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(Answer);
        _door = await LeasedDoors.Take(DoorConfiguration.Single(
            _upstream.Url, ", credentials: { type: basic, username: one, password: { value: two } }",
            extra: "cache: { path: cache, tagTtl: 0s }",
            extraRoute: " }\n      - { prefix: cached, upstream: local, rewrite: kept, cache: true"));
        _alice = _door.Client("alice");

        // With a line break at its end, which is one of its bytes.
        _manifest = TestBlob.Of(
            $$"""{"schemaVersion":2,"mediaType":"{{TestImage.OciManifest}}","layers":[],"number":{{_door.Number}}}""" + "\n");
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Manifests_are_what_their_digest_says()
    {
        foreach (var name in Names("a", "cached"))
        {
            foreach (var reference in new[] { "v1", _manifest.Digest.Value, "v1" })
            {
                foreach (var method in new[] { HttpMethod.Head, HttpMethod.Get })
                {
                    using var pulled = await Ask(method, $"/v2/{name}/manifests/{reference}");
                    Assert.True(pulled.StatusCode == HttpStatusCode.OK, $"{method} {name} {reference}: {pulled.StatusCode}");
                    Assert.Equal(_manifest.Digest.Value, pulled.Headers.GetValues("Docker-Content-Digest").Single());
                    Assert.Empty(pulled.Content.Headers.ContentEncoding);
                    Assert.Equal(TestImage.OciManifest, pulled.Content.Headers.ContentType?.ToString());
                    Assert.Equal(_manifest.Bytes.Length, pulled.Content.Headers.ContentLength ?? _manifest.Bytes.Length);
                    Assert.Equal(method == HttpMethod.Head ? [] : _manifest.Bytes, await pulled.Content.ReadAsByteArrayAsync());
                }
            }
        }
    }

    [Fact]
    public async Task Lists_and_errors_are_read_also_with_a_mark_before_them()
    {
        foreach (var name in Names("a", "bom"))
        {
            Assert.Equal($$"""{"name":"{{name}}","tags":["a","b"]}""", await Text($"/v2/{name}/tags/list"));
            Assert.Contains("\"manifests\":[]", await Text($"/v2/{name}/referrers/{_manifest.Digest}"));
            using var absent = await Ask(HttpMethod.Get, $"/v2/{name}/manifests/none");
            await absent.ShouldFail(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        }
    }

    [Theory]
    [InlineData("a/zstd")]
    [InlineData("a/broken")]
    [InlineData("a/cut")]
    [InlineData("a/twice")]
    [InlineData("a/followed")]
    [InlineData("a/deflate")]
    [InlineData("a/br")]
    public async Task What_cannot_be_decoded_is_refused(string name)
    {
        foreach (var path in new[] { "manifests/v1", $"manifests/{_manifest.Digest}", "tags/list" })
        {
            using var refused = await Ask(HttpMethod.Get, $"/v2/{name}/{path}");
            Assert.Contains($"'{_door.Upstream}'", await refused.ShouldFail(HttpStatusCode.BadGateway, "UNAVAILABLE"));
        }

        Assert.DoesNotContain("internal error", _door.Log);
    }

    [Fact]
    public async Task A_blob_is_passed_on_as_it_comes()
    {
        var blob = new TestBlob(Encoded("gzip", "layer"u8.ToArray()));
        using var pulled = await _alice.GetBlob("a/gzip", blob.Digest);
        Assert.Equal(blob.Bytes, await pulled.Content.ReadAsByteArrayAsync());
    }

    private static IEnumerable<string> Names(string one, string other) =>
        Encodings.SelectMany(encoding => new[] { $"{one}/{encoding}", $"{other}/{encoding}" });

    private Task<HttpResponseMessage> Ask(HttpMethod method, string path) => _alice.Do(
        method, path, RegistryClient.Pull(string.Join('/', path.Split('/')[2..4])), null, ("Accept", TestImage.OciManifest));

    private async Task<string> Text(string path)
    {
        using var response = await Ask(HttpMethod.Get, path);
        await response.ShouldBe(HttpStatusCode.OK);
        return Encoding.UTF8.GetString((await response.Content.ReadAsByteArrayAsync()).AsSpan().TrimStart(Mark));
    }

    private async Task Answer(HttpContext context)
    {
        var (request, parts) = (context.Request, context.Request.Path.Value!.Split('/'));
        if (request.Path == "/token")
        {
            await Write(context, "gzip", [.. Mark, .. "{\"token\":\"t1\",\"expires_in\":300}"u8]);
            return;
        }

        if (request.Headers.Authorization != "Bearer t1")
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{request.Host}/token\",service=\"here\"";
            return;
        }

        if (parts.Length < 6)
        {
            return;
        }

        var isAbsent = parts[5] == "none";
        context.Response.StatusCode = isAbsent ? 404 : 200;
        context.Response.ContentType = parts[4] == "manifests" && !isAbsent ? TestImage.OciManifest : "application/json";
        var body = isAbsent ? """{"errors":[{"code":"NAME_UNKNOWN","message":"no"}]}"""u8.ToArray() : parts[4] switch
        {
            "tags" => """{"name":"x","tags":["b","a"]}"""u8.ToArray(),
            "referrers" => """{"schemaVersion":2,"manifests":[]}"""u8.ToArray(),
            "blobs" => "layer"u8.ToArray(),
            _ => _manifest.Bytes,
        };
        await Write(context, parts[3], parts[2] == "bom" && parts[4] != "manifests" | isAbsent ? [.. Mark, .. body] : body);
    }

    private static async Task Write(HttpContext context, string encoding, byte[] body)
    {
        var bytes = Encoded(encoding, body);
        context.Response.Headers.ContentEncoding = encoding switch
        {
            "none" => default, "broken" or "cut" or "twice" or "followed" => "gzip", _ => encoding,
        };
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(bytes);
        }
    }

    private static byte[] Encoded(string encoding, byte[] body)
    {
        using var written = new MemoryStream();
        using (Stream encoder = encoding switch
        {
            "gzip" or "x-gzip" or "cut" or "twice" or "followed" => new GZipStream(written, CompressionLevel.Optimal, leaveOpen: true),
            "deflate" => new ZLibStream(written, CompressionLevel.Optimal, leaveOpen: true),
            "br" => new BrotliStream(written, CompressionLevel.Optimal, leaveOpen: true),
            _ => written,
        })
        {
            encoder.Write(encoding is Zstandard or "broken" ? [0x1f, 0x8b, 0xff, .. body] : body);
        }

        var whole = written.ToArray();
        return encoding switch { "cut" => whole[..^12], "twice" => [.. whole, .. whole], "followed" => [.. whole, 0], _ => whole };
    }
}
