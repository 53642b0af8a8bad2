using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The bytes that a tenant is counted are those that were sent: of an answer that is cut off, too.</summary>
public sealed class SentBytesTests
{
    private const int Mebi = 1024 * 1024;
    private const string Sent = "registryproxy_gateway_sent_bytes_total";

    [Fact]
    public async Task Of_an_answer_that_is_cut_off_on_its_way_what_came_counts()
    {
        var blob = TestBlob.Random(931, 4 * Mebi);
        await using var upstream = await BlobUpstream.Start(blob);
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        using (var whole = await alice.GetBlob("a/b", blob.Digest))
        {
            Assert.Equal(blob.Bytes, await whole.Content.ReadAsByteArrayAsync());
        }

        await Eventually.True(async () => await door.Metric(Sent) >= blob.Bytes.Length, "the whole is counted");
        var before = await door.Metric(Sent);
        upstream.HoldAt = Mebi;
        await CutOff(door, await alice.Token(RegistryClient.Pull("a/b")), blob, Mebi);
        await Eventually.True(async () => await door.Metric(Sent) - before >= Mebi, "what came is counted");
        Assert.InRange(await door.Metric(Sent) - before, Mebi, Mebi + (64 * 1024));
        upstream.Release(blob);
    }

    [Fact]
    public async Task Of_one_from_the_cache_too()
    {
        var blob = TestBlob.Random(932, 48 * Mebi);
        await using var upstream = await BlobUpstream.Start(blob);
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url));
        using var alice = door.Client("alice");
        using (var whole = await alice.GetBlob("a/b", blob.Digest))
        {
            Assert.Equal(blob.Bytes.Length, (await whole.Content.ReadAsByteArrayAsync()).Length);
        }

        await Eventually.True(async () => await door.Metric(Sent) >= blob.Bytes.Length, "the whole is counted");
        var token = await alice.Token(RegistryClient.Pull("a/b"));
        var before = await door.Metric(Sent);
        await CutOff(door, token, blob, 2 * Mebi);
        await Eventually.True(async () => await door.Metric(Sent) > before, "what was sent is counted");
        Assert.InRange(await door.Metric(Sent) - before, Mebi, blob.Bytes.Length - Mebi);
    }

    /// <summary>Reads so much of a blob, slowly enough that little more is under way, and breaks off.</summary>
    private static async Task CutOff(FrontDoor door, string token, TestBlob blob, int bytes)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 * 1024 };
        await socket.ConnectAsync("127.0.0.1", new Uri(door.DataUrl).Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /v2/a/b/blobs/{blob.Digest} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"));
        var buffer = new byte[32 * 1024];
        for (var read = 0; read < bytes;)
        {
            var count = await socket.ReceiveAsync(buffer);
            Assert.NotEqual(0, count);
            read += count;
        }

        socket.LingerState = new LingerOption(true, 0);
    }
}
