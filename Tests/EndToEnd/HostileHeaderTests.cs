using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Headers of clients that cannot be sent on: a fault of who sent them, never of the upstream that was not asked.</summary>
public sealed class HostileHeaderTests : IAsyncLifetime
{
    private const string Manifest = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""";

    /// <summary>Each with the statuses that are right.</summary>
    private static readonly (string Header, int[] Right)[] Headers =
    [
        ("Accept: application/\u00c3\u00a9", [400]), ("Accept: \u0001", [400]), ("Accept: a/b\r\nAccept: \u00c3\u00a9", [400]),
        ($"Accept: {new string('a', 9000)}", [431]),
        ($"Authorization: Bearer {new string('a', 17_000)}", [400, 431]), ("Content-Type: \u00c3\u00a9", [400]),
        ("If-None-Match: \"\u00c3\u00a9\"", [200]), ("If-None-Match: \u0002", [200]), ("If-Modified-Since: \u00c3\u00a9", [200]),
        ("If-Range: \u00c3\u00a9\r\nRange: bytes=0-1", [200]),
        ("Range: bytes=\u00c3\u00a9", [200]), ("Range: \u0003", [200]), ("Range: bytes=2-1", [200]), ("Range: bytes=99999999999999999999-",
            [200]), ("User-Agent: \u00c3\u00a9", [200]),
        ("Upgrade: \u00c3\u00a9\r\nConnection: Upgrade", [200]), ("X-Forwarded-For: \u00c3\u00a9", [200]), ("Cookie: \u00c3\u00a9", [200]),
        ("Expect: \u00c3\u00a9", [200, 417]),
        ("If-Match: \u00c3\u00a9", [200]), ("Accept-Encoding: \u00c3\u00a9", [200]), ("Referer: \u00c3\u00a9", [200]),
        ("traceparent: \u00c3\u00a9", [200]), ("baggage: \u00c3\u00a9", [200]),
    ];

    private RecordingUpstream _upstream = null!;
    private LeasedDoor _door = null!;

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(async context =>
        {
            context.Response.ContentType = TestImage.OciManifest;
            context.Response.Headers["Docker-Content-Digest"] = TestBlob.Of(Manifest).Digest.Value;
            context.Response.ContentLength = Manifest.Length;
            await (context.Request.Method == "HEAD" ? Task.CompletedTask
                : context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(Manifest)).AsTask());
        });
        _door = await LeasedDoors.Take(DoorConfiguration.Single(
            _upstream.Url, extra: "cache: { path: cache, tagTtl: 0s }",
            extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
    }

    public async ValueTask DisposeAsync()
    {
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("cached/b")]
    public async Task They_are_refused_or_ignored_and_nobody_else_notices(string repository)
    {
        using var alice = _door.Client("alice");
        using var stranger = _door.Client();
        var token = await stranger.Token(RegistryClient.Pull(repository));
        string[] paths = [$"/v2/{repository}/manifests/v1", $"/v2/{repository}/blobs/{TestBlob.Of(Manifest).Digest}"];
        foreach (var (header, right) in Headers)
        {
            foreach (var path in paths)
            {
                Assert.Contains(await Status(path, token, header), right);
            }
        }

        // At full speed, beside a user.
        using var stop = new CancellationTokenSource();
        var answers = new ConcurrentDictionary<int, int>();
        var storm = Enumerable.Range(0, 4).Select(worker => Task.Run(() => Storm(paths[worker % 2], token, answers, stop.Token))).ToList();
        for (var i = 0; i < Sizes.Of(100, 2000); i++)
        {
            using var response = await alice.GetManifest(repository, "v1");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        await stop.CancelAsync();
        await Task.WhenAll(storm);
        Assert.True(answers.Values.Sum() > 100);
        Assert.DoesNotContain(answers.Keys, status => status >= 500);
        Assert.DoesNotContain("left alone", _door.Log);
    }

    [Fact]
    public async Task A_push_with_a_type_that_no_header_can_carry_is_refused_before_the_upstream_is_asked()
    {
        using var alice = _door.Client("alice");
        var token = await alice.Token(RegistryClient.Push("a/b"));
        foreach (var header in new[] { "Content-Type: \u00c3\u00a9", "Content-Range: \u00c3\u00a9",
            $"Content-Type: {new string('a', 1025)}" })
        {
            var asked = _upstream.Requests.Count;
            var answer = await RawHttp.Exchange(
                _door.DataUrl,
                $"PUT /v2/a/b/manifests/v1 HTTP/1.1\r\nHost: {_door.Authority}\r\nAuthorization: " +
                $"Bearer {token}\r\n{header}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
            Assert.Contains(answer[9..12], new[] { "400", "431" });
            Assert.Equal(asked, _upstream.Requests.Count);
        }
    }

    private async Task<int> Status(string path, string token, string header)
    {
        var authorization = header.StartsWith("Authorization", StringComparison.Ordinal) ? "" : $"Authorization: Bearer {token}\r\n";
        using var client = new TcpClient("127.0.0.1", new Uri(_door.DataUrl).Port);
        await client.GetStream()
            .WriteAsync(Encoding.Latin1.GetBytes($"GET {path} HTTP/1.1\r\nHost: {_door.Authority}\r\n{authorization}{header}\r\n\r\n"));
        return (await new AnswerReader(client.GetStream()).Read()).Status;
    }

    private async Task Storm(string path, string token, ConcurrentDictionary<int, int> answers, CancellationToken stop)
    {
        string[] headers = ["Accept: application/\u00c3\u00a9", "If-None-Match: \"\u00c3\u00a9\"", "Range: bytes=\u00c3\u00a9"];
        using var client = new TcpClient("127.0.0.1", new Uri(_door.DataUrl).Port);
        await using var reader = new AnswerReader(client.GetStream());
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(
                $"GET {path} HTTP/1.1\r\nHost: {_door.Authority}\r\nAuthorization: Bearer {token}\r\n" +
                $"{headers[i % headers.Length]}\r\n\r\n"), CancellationToken.None);
            var (status, _) = await reader.Read();
            answers.AddOrUpdate(status, 1, (_, count) => count + 1);
        }
    }
}
