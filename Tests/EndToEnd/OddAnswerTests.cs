using System.Net;
using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Whatever bytes an upstream puts into its headers and manifests, it is never a fault of this server, and a write that succeeded stays one.</summary>
public sealed class OddAnswerTests : IAsyncLifetime
{
    private const string Manifest = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""";
    private const string Type = $"Content-Type: {TestImage.OciManifest}";

    private static readonly string[] Headers =
    [
        "Warning: 299 - \"\u00c3\u00a9\"", "Warning: \u0001", "ETag: W/\"\u00e9\"", "ETag: \u00ff\u00ff", "OCI-Subject: x\ty", "OCI-Subject: \u0080", "OCI-Tag: \u00c3\u00a9",
        "OCI-Filters-Applied: \u00b5", "OCI-Chunk-Min-Length: \u00b2", "Docker-Content-Digest: sha256:\u00e9", "Docker-Distribution-Api-Version: \u00e9",
        "Last-Modified: \u00e9", "Accept-Ranges: \u00e9", "RateLimit-Limit: \u00b9;w=\u00e9", "RateLimit-Remaining: \u00e9", "Retry-After: \u00e9",
        "Link: <\u00e9>; rel=\"next\"", "Link: </v2/a/b/tags/list?last=\u00e9\u007f>; rel=\"next\"", "Link: <//[>; rel=next", "Content-Encoding: \u00e9", "Content-Language: \u00e9",
        "Content-Range: bytes \u00e9", "Content-Disposition: \u00e9", "Vary: \u00e9", "Server: \u00e9", "Via: \u00e9", "Set-Cookie: \u00e9=\u00e9", "X-\u0041: \u0007", "Date: \u00e9",
        "Age: \u00e9", "Connection: \u00e9", "WWW-Authenticate: \u00e9", "Docker-Upload-UUID: \u00e9", "Range: \u00e9", "Location: \u00e9", "Location: http://[::bad/",
        "Location: //", "Location: http://\u00e9.example:99999/", "Location: \u0001",
    ];

    /// <summary>Headers that hold numbers, each with each of <see cref="OddNumbers.All"/>.</summary>
    private static readonly string[] Numbers =
    [
        "RateLimit-Limit: #;w=#", "RateLimit-Remaining: #;w=#", "Age: #", "Cache-Control: max-age=#", "Range: 0-#", "Content-Range: bytes 0-#/#",
        "Content-Range: bytes */#", "OCI-Chunk-Min-Length: #", "Retry-After: #", "X-Retry-After: #", "Date: #", "Expires: #", "Keep-Alive: timeout=#",
    ];

    private static readonly string[] Manifests =
    [
        "{\"mediaType\":\"\\ud800\"}", "{\"\\ud800\":1,\"mediaType\":\"a\"}", "{\"mediaType\":\"\u00ff\u00fe\"}", "{\"\u00ff\":1}", "{\"mediaType\":1}", "[]", "", "\u00ff", "{\"manifests\":[",
    ];

    private RawUpstream _upstream = null!;
    private FrontDoor _door = null!;
    private RegistryClient _alice = null!;
    private (string Status, string[] Headers, string Body) _answer = ("200 OK", [], "");

    public async ValueTask InitializeAsync()
    {
        _upstream = new RawUpstream((method, target) => target == "/v2/" ? Answer("200 OK", [], "{}") : Answer(
            _answer.Status, _answer.Headers, method == "HEAD" ? "" : _answer.Body));
        _door = await FrontDoor.Start(DoorConfiguration.Single(
            _upstream.Url, extra: "cache: { path: cache, tagTtl: 0s }", extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
        _alice = _door.Client("alice");
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task What_is_pulled_is_passed_on_clean_or_the_upstream_is_named()
    {
        List<string> paths = [];
        foreach (var repository in new[] { "a/b", "cached/b" })
        {
            paths.AddRange(
            [
                $"/v2/{repository}/manifests/v1", $"/v2/{repository}/manifests/{TestBlob.Of(Manifest).Digest}", $"/v2/{repository}/blobs/{TestBlob.Of(Manifest).Digest}",
                $"/v2/{repository}/tags/list", $"/v2/{repository}/referrers/{TestBlob.Of(Manifest).Digest}",
            ]);
        }

        foreach (var header in Headers)
        {
            await Pull(paths, "200 OK", [Type, header], Manifest);
            await Pull(paths[..1], "307 Temporary Redirect", [header], "");
            await Pull(paths[..1], "404 N\u00f3", [header], "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"\\ud83d\\ude00\"}]}");
        }

        foreach (var manifest in Manifests)
        {
            await Pull(paths, "200 OK", [Type], manifest);
        }

        foreach (var type in new[] { "Content-Type: application/\u00e9", "Content-Type: \u0001", "Content-Type:" })
        {
            await Pull(paths, "200 OK", [type], Manifest);
        }

        foreach (var status in new[] { "201 Created", "205 Reset Content", "206 Partial Content", "226 IM Used", "299 \u00e9", "304 Not Modified", "400 \u00e9", "599 x", "799 x" })
        {
            await Pull(paths, status, [Type], Manifest);
        }

        Assert.DoesNotContain("internal error", _door.Log);
    }

    [Fact]
    public async Task Numbers_that_are_none_or_too_large_are_no_fault_of_ours()
    {
        string[] paths = ["/v2/a/b/manifests/v1", $"/v2/cached/b/blobs/{TestBlob.Of(Manifest).Digest}"];
        foreach (var number in OddNumbers.All)
        {
            string[] headers = [Type, .. Numbers.Select(header => header.Replace("#", number))];
            foreach (var status in new[] { "200 OK", "206 Partial Content", "404 Not Found", "416 X" })
            {
                await Pull(paths, status, headers, Manifest);
            }

            await Push("201 Created", headers[1..], "x");
        }

        await Pull(paths, "500 X", ["X-Retry-After: 999999999999"], "");
        await Pull(paths, "429 X", ["X-Retry-After: 999999999999"], "");
        await Pull(paths, "503 X", ["X-Retry-After: 999999999999"], "");

        Assert.DoesNotContain("internal error", _door.Log);
        Assert.DoesNotContain("fail: ", _door.Log);
    }

    [Fact]
    public async Task A_tag_that_is_no_text_is_left_out()
    {
        _answer = ("200 OK", [], "{\"\\udfff\":1,\"tags\":[\"\\ud800\",\"a\",7,\"\u00ff\",\"b\"]}");
        using var response = await _alice.Do(HttpMethod.Get, "/v2/a/b/tags/list", RegistryClient.Pull("a/b"));
        Assert.Equal("""{"name":"a/b","tags":["a","b"]}""", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_push_that_succeeded_succeeds()
    {
        foreach (var header in Headers.Where(header => !header.StartsWith("Location", StringComparison.Ordinal)))
        {
            await Push("201 Cr\u00e9\u00e9", [header], "x");
        }

        await Push("201 Created", ["Location: http://[::bad/"], "");
        await Push("201 Created", ["Content-Type: \u00e9"], "\u00ff");
        _answer = ("201 Created", [], "");
        foreach (var cut in new[] { "Content-Length: 500", "Transfer-Encoding: chunked" })
        {
            await Push("201 Created", [cut], "");
        }
    }

    private async Task Push(string status, string[] headers, string body)
    {
        _answer = (status, headers, body);
        foreach (var repository in new[] { "a/b", "cached/b" })
        {
            using var put = await _alice.PutManifest(repository, "v1", TestBlob.Of(Manifest));
            Assert.True(put.StatusCode == HttpStatusCode.Created, $"{status} {string.Join(' ', headers)}: {put.StatusCode} {await put.Content.ReadAsStringAsync()}");
        }

        _answer = ("202 Accepted", ["Location: /v2/a/b/blobs/uploads/1"], "");
        var location = await _alice.StartUpload("a/b");
        _answer = (status, headers, body);
        using var response = await _alice.Do(
            HttpMethod.Put, $"{location}?digest={TestBlob.Of(Manifest).Digest}", RegistryClient.Push("a/b"), new ByteArrayContent([1, 2, 3]));
        Assert.True(response.StatusCode == HttpStatusCode.Created, $"{status} {string.Join(' ', headers)}: {response.StatusCode}");
    }

    private async Task Pull(IEnumerable<string> paths, string status, string[] headers, string body)
    {
        _answer = (status, headers, body);
        foreach (var path in paths)
        {
            var repository = path.Split('/')[2] + "/b";
            foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
            {
                if (method == HttpMethod.Head && path.EndsWith("/list", StringComparison.Ordinal))
                {
                    continue;
                }

                using var response = await _alice.Do(method, path, RegistryClient.Pull(repository), null, ("Accept", TestImage.OciManifest));
                var code = (int)response.StatusCode;
                Assert.True(code < 500 || code is 502 or 503, $"{status} {string.Join(' ', headers)} {body}: {method} {path}: {code}");
                try
                {
                    var text = await response.Content.ReadAsStringAsync();
                    Assert.True(code < 500 || method == HttpMethod.Head || text.Contains("'local'"), text);
                }
                catch (HttpRequestException)
                {
                    // Cut: the bytes are not what the digest says.
                }
            }
        }
    }

    private static string Answer(string status, string[] headers, string body)
    {
        var length = Array.Exists(headers, header => header.StartsWith("Content-Length", StringComparison.Ordinal) || header.StartsWith("Transfer", StringComparison.Ordinal))
            ? "" : $"Content-Length: {Encoding.Latin1.GetByteCount(body)}\r\n";
        return $"HTTP/1.1 {status}\r\n{length}{string.Concat(headers.Select(header => $"{header}\r\n"))}Connection: close\r\n\r\n{body}";
    }
}
