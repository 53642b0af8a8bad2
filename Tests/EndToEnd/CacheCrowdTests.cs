using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Hundreds of clients on one cold blob of a real registry.</summary>
[Collection(AloneCollection.Name)]
public sealed class CacheCrowdTests
{
    private const int Hashing = 5;

    [Fact]
    public async Task A_crowd_on_a_cold_blob_costs_the_upstream_one_download()
    {
        var blob = TestBlob.Random(780, Sizes.Of(32_000_000, 1_000_000_000));
        await using var registry = await DockerRegistry.Start();
        await using var relay = new CountingRelay(registry.Url);
        await using var door = await FrontDoor.Start(CacheTests.Yaml(relay.Url, maxBytes: "4GiB"));
        using var alice = door.Client("alice");
        await alice.PushBlob("a/b", blob);
        var token = await alice.Token(RegistryClient.Pull("a/b"));
        var before = relay.Sent;
        var clients = Enumerable.Range(0, Sizes.Of(100, 500))
            .Select(i => Download(new Uri(door.DataUrl), blob, token, hashes: i < Hashing)).ToList();
        await Task.WhenAll(clients);
        var ratio = (relay.Sent - before) / (double)blob.Bytes.Length;
        TestContext.Current.SendDiagnosticMessage(
            $"{clients.Count} clients, {blob.Bytes.Length / 1_000_000} MB: the upstream sent {ratio:F4} times that");
        Assert.True(ratio <= 1.01, $"the upstream sent {ratio} times the blob");
    }

    /// <summary>Downloads on a connection of its own; all count, some hash.</summary>
    private static async Task Download(Uri door, TestBlob blob, string token, bool hashes)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(door.Host, door.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /v2/a/b/blobs/{blob.Digest} HTTP/1.1\r\nHost: {door.Authority}\r\nAuthorization: " +
            $"Bearer {token}\r\nConnection: close\r\n\r\n"));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        var (head, length) = await Head(stream, buffer);
        Assert.StartsWith("HTTP/1.1 200", head);
        long received = length;
        hash.AppendData(buffer.AsSpan(0, length));
        while (await stream.ReadAsync(buffer) is var read and > 0)
        {
            received += read;
            if (hashes)
            {
                hash.AppendData(buffer.AsSpan(0, read));
            }
        }

        Assert.Equal(blob.Bytes.Length, received);
        Assert.True(!hashes || Convert.ToHexStringLower(hash.GetHashAndReset()) == blob.Digest.Hex);
    }

    /// <summary>Reads the head; what came of the body is left at the beginning of the buffer.</summary>
    private static async Task<(string Head, int Length)> Head(NetworkStream stream, byte[] buffer)
    {
        var filled = 0;
        while (true)
        {
            filled += await stream.ReadAsync(buffer.AsMemory(filled));
            if (buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) is var end and >= 0)
            {
                var head = Encoding.ASCII.GetString(buffer, 0, end);
                buffer.AsSpan(end + 4, filled - end - 4).CopyTo(buffer);
                return (head, filled - end - 4);
            }
        }
    }
}
