using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>HTTP/2 without TLS, by prior knowledge (RFC 9113 §3.3), on the port of HTTP/1.1; and what holds within TLS as well.</summary>
public sealed class PriorKnowledgeTests
{
    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    /// <summary>A SETTINGS frame without settings (§6.5).</summary>
    private static readonly byte[] Settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];

    private static readonly TestBlob Blob = TestBlob.Random(820, 20_000_003);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pulls_and_pushes_go_by_either_version(bool sendFile)
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await LeasedDoors.Take(
            CacheTests.Yaml(registry.Url).Replace("path: cache,", $"path: cache, sendFile: {(sendFile ? "true" : "false")},"));
        using var newer = new RegistryClient(door.DataUrl, "alice", FrontDoor.PasswordOf("alice")) { Http2 = true };
        using var older = door.Client("alice");
        var (first, second) = (TestImage.Build(821, 3_000_000), TestImage.Build(822, 100_000));
        await newer.PushImage("a/b", "by-2", first);
        await older.PushImage("a/b", "by-1", second);
        foreach (var client in new[] { newer, older, newer })
        {
            await Pull(client, "by-2", first);
            await Pull(client, "by-1", second);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hundred_streams_of_one_connection_get_their_bytes(bool encrypted)
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url), encrypted);
        using var alice = new RegistryClient(door.DataUrl, "alice", FrontDoor.PasswordOf("alice")) { Http2 = true };
        await alice.Token(RegistryClient.Pull("a/b"));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
        {
            var (from, to) = (number * 1000, Blob.Bytes.Length - 1 - (number * 100_000));
            using var response = await alice.GetBlob("a/b", Blob.Digest, ("Range", $"bytes={from}-{to}"));
            Assert.Equal((HttpStatusCode.PartialContent, HttpVersion.Version20), (response.StatusCode, response.Version));
            var bytes = await response.Content.ReadAsByteArrayAsync();
            Assert.True(Blob.Bytes.AsSpan(from..(to + 1)).SequenceEqual(bytes), $"stream {number} got other bytes");
        }));
        Assert.Equal(Blob.Bytes.Length, upstream.Sent);
    }

    [Theory]
    [InlineData("proto h2")]
    [InlineData("proto h2 send-proxy-v2")]
    public async Task A_haproxy_that_speaks_http_2_to_the_door_is_served(string options)
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url)
            + (options.Contains("proxy") ? "\nlisten: { proxyProtocol: true, trustedProxies: [127.0.0.1/32] }\n" : ""));
        await using var haproxy = await HaProxy.Start(new Uri(door.DataUrl), options, "http");
        using var alice = new RegistryClient($"http://127.0.0.1:{haproxy.Port}", "alice", FrontDoor.PasswordOf("alice"));
        using var response = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Digest, new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
    }

    [Fact]
    public async Task The_preface_may_come_in_pieces_and_what_only_looks_like_it_is_http_1_1()
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await LeasedDoors.Take(CacheTests.Yaml(upstream.Url));
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", new Uri(door.DataUrl).Port);
        foreach (var part in Preface)
        {
            await client.GetStream().WriteAsync(new[] { part });
        }

        await client.GetStream().WriteAsync(Settings);
        var frame = new byte[9];
        await client.GetStream().ReadExactlyAsync(frame);
        Assert.Equal(Settings[3], frame[3]);

        Assert.StartsWith("HTTP/1.1 405",
            await RawHttp.Exchange(door.DataUrl, "PRI * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 405",
            await RawHttp.Exchange(door.DataUrl,
                "PATCH /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 200",
            await RawHttp.Exchange(door.DataUrl, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public async Task A_stream_that_runs_ends_whole_when_the_door_is_told_to_stop(bool encrypted, bool http2)
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url), encrypted);
        upstream.HoldAt = 5_000_000;
        using var alice = new RegistryClient(door.DataUrl, "alice", FrontDoor.PasswordOf("alice")) { Http2 = http2 };
        using var response = await alice.GetBlob("a/b", Blob.Digest);
        var body = response.Content.ReadAsByteArrayAsync();
        using (var stop = Process.Start("kill", ["-TERM", $"{door.Pid}"]))
        {
            await stop.WaitForExitAsync();
        }

        await Eventually.True(async () => !await Connects(door.DataUrl), "it takes no new connections");
        upstream.Release(Blob);
        Assert.Equal(Blob.Digest, new TestBlob(await body).Digest);
        await Eventually.True(() => door.HasExited, "it has ended");
    }

    [Fact]
    public async Task Connections_that_have_said_nothing_yet_keep_no_door_from_ending()
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"));
        using var silent = new TcpClient();
        using var begun = new TcpClient();
        await silent.ConnectAsync("127.0.0.1", new Uri(door.DataUrl).Port);
        await begun.ConnectAsync("127.0.0.1", new Uri(door.DataUrl).Port);
        await begun.GetStream().WriteAsync(Preface.AsMemory(0, 10));
        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await door.Terminate());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(45), $"{watch.Elapsed}");
    }

    private static async Task<bool> Connects(string url)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", new Uri(url).Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task Pull(RegistryClient client, string tag, TestImage image)
    {
        using var manifest = await client.GetManifest("a/b", tag);
        Assert.Equal(image.Manifest.Bytes, await manifest.Content.ReadAsByteArrayAsync());
        Assert.Equal(client.Http2 ? HttpVersion.Version20 : HttpVersion.Version11, manifest.Version);
        foreach (var blob in image.Blobs)
        {
            using var response = await client.GetBlob("a/b", blob.Digest);
            Assert.Equal(blob.Bytes, await response.Content.ReadAsByteArrayAsync());
        }
    }
}
