using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary><c>cache.sendFile</c>: files by sendfile, and every other byte in its place; so within TLS, where it is not used.</summary>
public sealed class CacheSendFileTests
{
    private static readonly TestBlob Blob = TestBlob.Random(810, 5_000_011);
    private static readonly TestBlob Small = TestBlob.Random(811, 77);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pipelined_answers_follow_each_other_byte_for_byte(bool encrypted)
    {
        await using var lab = await Lab.Start(encrypted);
        var random = new Random(812);
        for (var round = 0; round < Sizes.Of(20, 300); round++)
        {
            var (request, expected) = (new StringBuilder(), new List<(int Status, ReadOnlyMemory<byte> Body)>());
            for (var i = 0; i < 12; i++)
            {
                Request(random, lab, request, expected);
            }

            await using var wire = await ClientStream.Open(new Uri(lab.Door.DataUrl));
            var sending = wire.WriteAsync(Encoding.ASCII.GetBytes(request.ToString())).AsTask();
            await using var reader = new AnswerReader(wire);
            foreach (var (status, body) in expected)
            {
                var answer = await reader.Read();
                Assert.Equal(status, answer.Status);
                Assert.True(status is 401 or 404 || body.Span.SequenceEqual(answer.Body), "another body");
            }

            await sending;
        }

        Assert.Equal(!encrypted, await lab.Door.Metric("registryproxy_cache_sent_by_kernel") > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_hidden_behind_another_is_never_answered_as_one(bool encrypted)
    {
        await using var lab = await Lab.Start(encrypted);
        var host = new Uri(lab.Door.DataUrl).Authority;
        var get = $"GET /v2/a/b/blobs/{Blob.Digest} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {lab.Token}\r\n";
        const string Hidden = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
        foreach (var odd in new[]
        {
            $"{get}Content-Length: {Hidden.Length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{Hidden}",
            $"{get}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc{Hidden}",
            $"{get}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{Hidden}",
            $"{get}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{Hidden}",
            $"{get.Replace("HTTP/1.1", "HTTP/1.0")}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{Hidden}",
        })
        {
            var answer = await RawHttp.Exchange(lab.Door.DataUrl, odd);
            Assert.StartsWith("HTTP/1.1 400", answer);
            Assert.Equal(0, answer.IndexOf("HTTP/1.1", StringComparison.Ordinal));
            Assert.Equal(-1, answer.IndexOf("HTTP/1.1", 8, StringComparison.Ordinal));
        }

        // A body that the first request has is no second request.
        var framed = await RawHttp.Exchange(lab.Door.DataUrl, $"{get}Range: bytes=0-9\r\nContent-Length: {Hidden.Length}\r\n\r\n{Hidden}");
        Assert.StartsWith("HTTP/1.1 206", framed);
        Assert.Equal(-1, framed.IndexOf("HTTP/1.1", 8, StringComparison.Ordinal));
        Assert.DoesNotContain("smuggled", lab.Door.Log);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Clients_that_leave_in_the_middle_leave_nothing_behind(bool encrypted)
    {
        await using var lab = await Lab.Start(encrypted);
        await Get(lab);
        var before = ProcessMemory.Descriptors(lab.Door.Pid);
        for (var i = 0; i < Sizes.Of(50, 500); i++)
        {
            using var client = await KeepAliveClient.Open(
                lab.Door.DataUrl, $"/v2/a/b/blobs/{Blob.Digest}", $"Authorization: Bearer {lab.Token}");
            await client.Write();
            await client.Stream.ReadExactlyAsync(new byte[1000 + (i * 1000)]);
        }

        await Eventually.True(() => ProcessMemory.Descriptors(lab.Door.Pid) <= before + 5, "files and sockets are closed");
        await Get(lab);
        Assert.DoesNotContain("Unexpected exception", lab.Door.Log);

        static async Task Get(Lab lab)
        {
            using var alice = lab.Door.Client("alice");
            using var response = await alice.GetBlob("a/b", Blob.Digest);
            Assert.Equal(Blob.Digest, new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
        }
    }

    [Fact]
    public async Task What_is_paced_or_not_http_1_1_goes_the_usual_way()
    {
        await using var lab = await Lab.Start(false, "limits: { bytesPerSecond: 4MiB }\n    ");
        using var alice = lab.Door.Client("alice");
        using (var paced = await alice.GetBlob("a/b", Blob.Digest))
        {
            Assert.Equal(Blob.Digest, new TestBlob(await paced.Content.ReadAsByteArrayAsync()).Digest);
        }

        var old = await RawHttp.Exchange(lab.Door.DataUrl,
            $"GET /v2/a/b/blobs/{Small.Digest} HTTP/1.0\r\nHost: {lab.Door.Authority}\r\nAuthorization: Bearer {lab.Token}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", old);
        Assert.Equal(Small.Bytes, Encoding.Latin1.GetBytes(old[(old.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]));
    }

    private static void Request(Random random, Lab lab, StringBuilder request, List<(int Status, ReadOnlyMemory<byte> Body)> expected)
    {
        var (from, length) = (random.Next(4_000_000), random.Next(1, 900_000));
        var (path, extra, answer) = random.Next(6) switch
        {
            0 => ($"/v2/a/b/blobs/{Blob.Digest}", "", (200, Blob.Bytes.AsMemory())),
            1 => ($"/v2/a/b/blobs/{Blob.Digest}", $"Range: bytes={from}-{from + length - 1}\r\n", (206, Blob.Bytes.AsMemory(from, length))),
            2 => ($"/v2/a/b/blobs/{Small.Digest}", "", (200, Small.Bytes.AsMemory())),
            3 => ("/v2/a/b/blobs/sha256:" + new string('0', 64), "", (404, default)),
            4 => ("/v2/other/blobs/" + Blob.Digest, "", (401, default)),
            _ => ($"/v2/a/b/blobs/{Blob.Digest}", "Range: bytes=-1\r\n", (206, Blob.Bytes.AsMemory(Blob.Bytes.Length - 1))),
        };
        request.Append(
            $"GET {path} HTTP/1.1\r\nHost: {new Uri(lab.Door.DataUrl).Authority}\r\nAuthorization: Bearer {lab.Token}\r\n{extra}\r\n");
        expected.Add(answer);
    }

    private sealed class Lab : IAsyncDisposable
    {
        private readonly BlobUpstream _upstream;

        private Lab(BlobUpstream upstream, FrontDoor door, string token) => (_upstream, Door, Token) = (upstream, door, token);

        public FrontDoor Door { get; }

        public string Token { get; }

        public static async Task<Lab> Start(bool encrypted, string tenantExtra = "")
        {
            var upstream = await BlobUpstream.Start(Blob, Small);
            var yaml = CacheTests.Yaml(upstream.Url).Replace("path: cache,", "path: cache, sendFile: true,")
                .Replace("    routes:", $"    {tenantExtra}routes:");
            var door = await FrontDoor.Start(yaml, encrypted);
            using var alice = door.Client("alice");
            foreach (var blob in new[] { Blob, Small })
            {
                using var response = await alice.GetBlob("a/b", blob.Digest);
                await response.Content.ReadAsByteArrayAsync();
            }

            return new Lab(upstream, door, await alice.Token(RegistryClient.Pull("a/b")));
        }

        public async ValueTask DisposeAsync()
        {
            await Door.DisposeAsync();
            await _upstream.DisposeAsync();
        }
    }
}
