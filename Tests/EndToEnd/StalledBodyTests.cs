using System.Net;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Bodies that stop in the middle, from many addresses, fill no memory and keep nobody from logging in.</summary>
[Collection(AloneCollection.Name)]
public sealed class StalledBodyTests(ITestOutputHelper output)
{
    private const int Length = 60_000;
    private const int Crowd = 100;
    private const long MaxGrowth = 64L * 1024 * 1024;

    private static readonly int Count = Sizes.Of(1000, 4000);

    [Theory]
    [InlineData("/token", Length)]
    [InlineData("/token", 10)]
    public async Task Of_strangers(string path, int sent)
    {
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"));
        using var alice = door.Client("alice");
        await LogIn(alice);
        var port = new Uri(door.DataUrl).Port;
        var head = $"POST {path} HTTP/1.1\r\nHost: {door.Authority}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + $"Content-Length: {Length + 1}\r\n\r\n";
        var (before, most) = (ProcessMemory.Resident(door.Pid), 0L);
        var held = new List<Socket>();
        foreach (var crowd in Enumerable.Range(0, Count).Chunk(Crowd))
        {
            held.AddRange(await Task.WhenAll(crowd.Select(number => Stall(port, number, head + new string('a', sent)))));
            await LogIn(alice);
            most = Math.Max(most, ProcessMemory.Resident(door.Pid));
        }

        output.WriteLine($"{Count} bodies of which {sent} bytes came: {(most - before) / 1_000_000} MB");
        held.ForEach(static socket => socket.Dispose());
        Assert.True(most - before <= MaxGrowth, $"{(most - before) / 1_000_000} MB");
    }

    private static async Task LogIn(RegistryClient alice)
    {
        using var response = await alice.PostToken(
            ("grant_type", "password"), ("service", "127.0.0.1"), ("username", "alice"), ("password", FrontDoor.PasswordOf("alice")));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static async Task<Socket> Stall(int port, int number, string request)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(new IPAddress([127, 1, (byte)(number >> 8), (byte)number]), 0));
        await socket.ConnectAsync(IPAddress.Loopback, port);
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        }
        catch (SocketException)
        {
            // It gave way to others, which costs the least.
        }

        return socket;
    }
}
