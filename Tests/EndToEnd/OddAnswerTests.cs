using System.Net;
using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Whatever bytes an upstream puts into its headers and manifests, it is never a fault of this server, and a write that succeeded stays
/// one.
/// </summary>
public sealed class OddAnswerTests : IAsyncLifetime
{
    private const string Manifest = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""";
    private const string Type = $"Content-Type: {TestImage.OciManifest}";

    private static readonly string[] Headers =
    [
        "Warning: 299 - \"\u00c3\u00a9\"", "Warning: \u0001", "ETag: W/\"\u00e9\"", "ETag: \u00ff\u00ff", "OCI-Subject: x\ty",
        "OCI-Subject: \u0080", "OCI-Tag: \u00c3\u00a9",
        "OCI-Filters-Applied: \u00b5", "OCI-Chunk-Min-Length: \u00b2", "Docker-Content-Digest: sha256:\u00e9",
        "Docker-Distribution-Api-Version: \u00e9",
        "Last-Modified: \u00e9", "Accept-Ranges: \u00e9", "RateLimit-Limit: \u00b9;w=\u00e9", "RateLimit-Remaining: \u00e9",
        "Retry-After: \u00e9",
        "Link: <\u00e9>; rel=\"next\"", "Link: </v2/a/b/tags/list?last=\u00e9\u007f>; rel=\"next\"", "Link: <//[>; rel=next",
        "Content-Encoding: \u00e9", "Content-Language: \u00e9",
        "Content-Range: bytes \u00e9", "Content-Disposition: \u00e9", "Vary: \u00e9", "Server: \u00e9", "Via: \u00e9",
        "Set-Cookie: \u00e9=\u00e9", "X-\u0041: \u0007", "Date: \u00e9",
        "Age: \u00e9", "Connection: \u00e9", "WWW-Authenticate: \u00e9", "Docker-Upload-UUID: \u00e9", "Range: \u00e9", "Location: \u00e9",
        "Location: http://[::bad/",
        "Location: //", "Location: http://\u00e9.example:99999/", "Location: \u0001",
    ];

    /// <summary>Headers that hold numbers, each with each of <see cref="OddNumbers.All"/>.</summary>
    private static readonly string[] Numbers =
    [
        "RateLimit-Limit: #;w=#", "RateLimit-Remaining: #;w=#", "Age: #", "Cache-Control: max-age=#", "Range: 0-#",
        "Content-Range: bytes 0-#/#",
        "Content-Range: bytes */#", "OCI-Chunk-Min-Length: #", "Retry-After: #", "X-Retry-After: #", "Date: #", "Expires: #",
        "Keep-Alive: timeout=#",
    ];

    private static readonly string[] Manifests =
    [
        "{\"mediaType\":\"\\ud800\"}", "{\"\\ud800\":1,\"mediaType\":\"a\"}", "{\"mediaType\":\"\u00ff\u00fe\"}", "{\"\u00ff\":1}",
        "{\"mediaType\":1}", "[]", "", "\u00ff", "{\"manifests\":[",
    ];

    private readonly List<string> _problems = [];
    private RawUpstream _upstream = null!;
    private FrontDoor _door = null!;
    private RegistryClient _alice = null!;
    private (string Status, string[] Headers, string Body) _answer = ("200 OK", [], "");

    public async ValueTask InitializeAsync()
    {
        _upstream = new RawUpstream((method, target) => target == "/v2/" ? Answer("200 OK", [], "{}") : Answer(
            _answer.Status, _answer.Headers, method == "HEAD" ? "" : _answer.Body));
        _door = await FrontDoor.Start(DoorConfiguration.Single(
            _upstream.Url, extra: "cache: { path: cache, tagTtl: 0s }",
            extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
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
                $"/v2/{repository}/manifests/v1", $"/v2/{repository}/manifests/{TestBlob.Of(Manifest).Digest}",
                $"/v2/{repository}/blobs/{TestBlob.Of(Manifest).Digest}",
                $"/v2/{repository}/tags/list", $"/v2/{repository}/referrers/{TestBlob.Of(Manifest).Digest}",
            ]);
        }

        foreach (var header in Headers)
        {
            await Pull(paths, "200 OK", [Type, header], Manifest);
            await Pull(paths[..1], "307 Temporary Redirect", [header], "");
            await Pull(paths[..1], "404 N\u00f3", [header],
                "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"\\ud83d\\ude00\"}]}");
        }

        foreach (var manifest in Manifests)
        {
            await Pull(paths, "200 OK", [Type], manifest);
        }

        foreach (var type in new[] { "Content-Type: application/\u00e9", "Content-Type: \u0001", "Content-Type:" })
        {
            await Pull(paths, "200 OK", [type], Manifest);
        }

        foreach (var status in new[] { "201 Created", "202 Accepted", "203 Changed", "204 No Content", "205 Reset Content",
            "206 Partial Content", "226 IM Used", "299 \u00e9", "304 Not Modified", "400 \u00e9", "599 x", "799 x" })
        {
            await Pull(paths, status, [Type], Manifest);
        }

        Assert.True(_problems.Count == 0, string.Join('\n', _problems));
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
            Assert.True(put.StatusCode == HttpStatusCode.Created,
                $"{status} {string.Join(' ', headers)}: {put.StatusCode} {await put.Content.ReadAsStringAsync()}");
        }

        _answer = ("202 Accepted", ["Location: /v2/a/b/blobs/uploads/1"], "");
        var location = await _alice.StartUpload("a/b");
        _answer = (status, headers, body);
        using var response = await _alice.Do(
            HttpMethod.Put, $"{location}?digest={TestBlob.Of(Manifest).Digest}", RegistryClient.Push("a/b"),
            new ByteArrayContent([1, 2, 3]));
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

                using var response = await _alice.Do(
                    method, path, RegistryClient.Pull(repository), null, ("Accept", TestImage.OciManifest));
                var what = $"{status} {string.Join(' ', headers)} {body}: {method} {path}: {(int)response.StatusCode}";
                if (!Expected(status, headers, body, method, path).Contains((int)response.StatusCode))
                {
                    _problems.Add(what);
                }

                await Check(response, method, path, body, what);
            }
        }
    }

    /// <summary>
    /// What the client may be told. What is no success of the upstream, or not the one that was asked for, is never one here.
    /// </summary>
    private static int[] Expected(string status, string[] headers, string body, HttpMethod method, string path)
    {
        var (isCached, isRight, kind) = (IsCached(path), body == Manifest, path.Split('/')[4]);
        var isObject = body.StartsWith('{') && body.EndsWith('}');
        int[] expected = (int.Parse(status[..3]) is var code and not 203 ? code : 200, kind) switch
        {
            (200, "tags") => IsOdd(headers, "Link") || !isObject ? [502] : [200],
            // It is no list, so the tag is asked for, which leads to this, too: to the image itself, or to what is no list either.
            (200, "referrers") => isRight ? [200] : [502],
            (200, "blobs") when !isRight && isCached => [200, 502],
            (200, "manifests") when !isRight && path.Contains("sha256:") => method == HttpMethod.Get || isCached ? [502] : [200],
            (200, "manifests") when !isObject => [502],
            (200, _) => [200],
            (404, _) => [404],
            (400, "tags") => [502],
            (400, _) => [400],

            // A HEAD that says nothing is asked as a GET of the first byte.
            (206, "blobs") when method == HttpMethod.Head => [200, 502],
            _ => [502],
        };
        return isCached && kind is ("manifests" or "blobs") ? [.. expected, 200] : expected;
    }

    /// <summary>Whether the cache may have it from before.</summary>
    private static bool IsCached(string path) => path.StartsWith("/v2/cached/", StringComparison.Ordinal);

    private static bool IsOdd(string[] headers, string name) =>
        Array.Exists(headers, header => header.StartsWith(name, StringComparison.Ordinal));

    /// <summary>A success is what was sent, or cut; an error names whose it is.</summary>
    private async Task Check(HttpResponseMessage response, HttpMethod method, string path, string body, string what)
    {
        try
        {
            var octets = await response.Content.ReadAsByteArrayAsync();
            var isSent = method == HttpMethod.Get && response.StatusCode == HttpStatusCode.OK
                && path.Split('/')[4] is "manifests" or "blobs";
            var isOld = IsCached(path) && (!path.Contains("sha256:") || octets.SequenceEqual(Encoding.Latin1.GetBytes(Manifest)));
            if (isSent && !isOld && !octets.SequenceEqual(Encoding.Latin1.GetBytes(body)))
            {
                _problems.Add($"{what}: other bytes");
            }

            if ((int)response.StatusCode >= 500 && method == HttpMethod.Get && !Encoding.UTF8.GetString(octets).Contains("'local'"))
            {
                _problems.Add($"{what}: {Encoding.UTF8.GetString(octets)}");
            }
        }
        catch (HttpRequestException)
        {
            // Cut: the bytes are not what the digest says.
            if (body == Manifest || !IsCached(path))
            {
                _problems.Add($"{what}: cut");
            }
        }
    }

    private static string Answer(string status, string[] headers, string body)
    {
        var length = Array.Exists(headers,
            header => header.StartsWith("Content-Length", StringComparison.Ordinal)
                || header.StartsWith("Transfer", StringComparison.Ordinal))
            ? "" : $"Content-Length: {Encoding.Latin1.GetByteCount(body)}\r\n";
        return $"HTTP/1.1 {status}\r\n{length}{string.Concat(headers.Select(header => $"{header}\r\n"))}Connection: close\r\n\r\n{body}";
    }
}
