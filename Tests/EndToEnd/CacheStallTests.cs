using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A client that stops to read a cached blob, for good, is given up after a minute, however much it took before.</summary>
public sealed class CacheStallTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_takes_nothing_for_a_minute_is_cut(bool sendFile)
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await FrontDoor.Start(
            CacheTests.Yaml(registry.Url).Replace("path: cache,", $"path: cache, sendFile: {(sendFile ? "true" : "false")},"));
        using var alice = door.Client("alice");
        var blob = TestBlob.Random(795, 64_000_000);
        await alice.PushBlob("a/b", blob);
        (await alice.GetBlob("a/b", blob.Digest)).Dispose();
        var token = await alice.Token(RegistryClient.Pull("a/b"));
        await Eventually.True(async () => (await alice.GetBlob("a/b", blob.Digest)).IsSuccessStatusCode, "it is kept");

        using var socket = new TcpClient { ReceiveBufferSize = 100_000 };
        await socket.ConnectAsync("127.0.0.1", new Uri(door.DataUrl).Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"GET /v2/a/b/blobs/{blob.Digest} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"));
        await stream.ReadExactlyAsync(new byte[8_000_000]);
        await Eventually.True(async () => await Sends(door, socket) == 0, "the door holds the connection no more",
            TimeSpan.FromSeconds(90));
    }

    /// <summary>How many connections to this client the door has.</summary>
    private static async Task<int> Sends(FrontDoor door, TcpClient client)
    {
        var own = $"127.0.0.1:{((System.Net.IPEndPoint)client.Client.LocalEndPoint!).Port}";
        var connections = await Shell.Run("ss", ["-Htn", "state", "established", "dst", own]);
        return connections.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
    }
}
