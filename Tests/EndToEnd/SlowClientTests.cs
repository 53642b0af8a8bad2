using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Clients that take nothing for a while and go on, as a node does whose disk is busy: they are cut after a minute.</summary>
[Waits(20)]
public sealed class SlowClientTests
{
    private const int Size = 32_000_000;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(12);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_rests_in_the_middle_of_a_blob_gets_all_of_it(bool sendFile)
    {
        var (kept, cold, streamed) = (TestBlob.Random(830, Size), TestBlob.Random(831, Size), TestBlob.Random(832, Size));
        await using var upstream = await BlobUpstream.Start(kept, cold, streamed);
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(
            upstream.Url, extra: $"cache: {{ path: cache, sendFile: {(sendFile ? "true" : "false")} }}",
            extraRoute: " }\n      - { prefix: cached, upstream: local, cache: true"));
        using var alice = door.Client("alice");
        using (var first = await alice.GetBlob("cached/b", kept.Digest))
        {
            Assert.Equal(kept.Bytes, await first.Content.ReadAsByteArrayAsync());
        }

        await Task.WhenAll(
            Pull(door, alice, "cached/b", kept), Pull(door, alice, "cached/b", cold), Pull(door, alice, "a/b", streamed));
    }

    private static async Task Pull(FrontDoor door, RegistryClient alice, string repository, TestBlob blob)
    {
        var token = await alice.Token(RegistryClient.Pull(repository));
        using var socket = new TcpClient { ReceiveBufferSize = 64 * 1024 };
        await socket.ConnectAsync("127.0.0.1", new Uri(door.DataUrl).Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /v2/{repository}/blobs/{blob.Digest} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n" +
            "Connection: close\r\n\r\n"));
        var answer = new byte[Size + 100_000];
        await stream.ReadExactlyAsync(answer.AsMemory(0, 1_000_000));
        await Task.Delay(Rest, TestContext.Current.CancellationToken);
        var count = 1_000_000;
        while (await stream.ReadAsync(answer.AsMemory(count)) is var read and > 0)
        {
            count += read;
        }

        var head = answer.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(answer, 0, 20));
        Assert.True(answer.AsSpan(head, count - head).SequenceEqual(blob.Bytes), $"{repository}: {count - head} bytes");
    }
}
