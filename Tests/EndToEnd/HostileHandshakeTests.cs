using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What a stranger says before a TLS handshake is done fills no memory, and is in nobody's way.</summary>
[Collection(AloneCollection.Name)]
public sealed class HostileHandshakeTests(ITestOutputHelper output)
{
    /// <summary>What OpenSSL takes at most for a hello, in bytes.</summary>
    private const int Announced = 131_396;

    private const byte Handshake = 22;

    private const int Quiet = 4;

    /// <summary>So many come before anything is measured.</summary>
    private const int First = 20;

    /// <summary>So many are opened at once.</summary>
    private const int Crowd = 250;

    /// <summary>How much memory they may take, in bytes.</summary>
    private const long MaxGrowth = 64L * 1024 * 1024;

    private static readonly int Count = Sizes.Of(1000, 4000);

    private static readonly TestBlob Blob = TestBlob.Random(841, 100_000);

    private static readonly Dictionary<string, Beginning> Beginnings = new()
    {
        ["half a hello"] = new(HelloBytes.Whole()[..^1]),
        ["a hello and nothing behind it"] = new(HelloBytes.Whole()),
        ["a hello and, for most, much behind it"] =
            new([.. HelloBytes.Whole(), .. new byte[1_000_000]], First: HelloBytes.Whole()),
        ["a second hello that is long"] = new(HelloBytes.Whole(hasShare: false), HasSecond: true),
        ["a second hello that is long, with the first"] =
            new([.. HelloBytes.Whole(hasShare: false), .. HelloBytes.Announcing(Announced)]),
        ["a hello that is long"] = new(HelloBytes.Announcing(Announced)),
    };

    public static TheoryData<string> Names => [.. Beginnings.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public Task Of_clients(string beginning) => OfClients(beginning, hasManyAddresses: false);

    [Fact]
    public Task Of_clients_of_many_addresses() => OfClients("a hello and nothing behind it", hasManyAddresses: true);

    private async Task OfClients(string beginning, bool hasManyAddresses)
    {
        await using var upstream = await BlobUpstream.Start(Blob);
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url), encrypted: true);
        await Hold(beginning, door.Pid, new Uri(door.DataUrl).Port, async () =>
        {
            // A connection of its own each time.
            using var alice = door.Client("alice");
            await Pull(alice);
        }, hasManyAddresses);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Of_members(string beginning)
    {
        await using var cluster = await PeerCluster.Start(silos: 1, gateways: 1, "http://127.0.0.1:9");
        var gateway = cluster.Gateways[0];
        var encrypted = 0;
        foreach (var pid in (int[])[cluster.Silos[0].Process.Id, gateway.Process.Id])
        {
            foreach (var port in ListeningPorts.Of(pid))
            {
                if (await IsEncrypted(port))
                {
                    encrypted++;
                    await Hold(
                        beginning, pid, port, async () => Assert.Equal(HttpStatusCode.OK, (await gateway.ReadyStatus()).Status));
                }
            }
        }

        Assert.Equal(3, encrypted);
    }

    private static async Task Pull(RegistryClient alice)
    {
        using var response = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Digest, new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
    }

    /// <summary>Whether the answer to a hello is a ServerHello.</summary>
    private static async Task<bool> IsEncrypted(int port)
    {
        using var socket = await Connect(port);
        await socket.SendAsync(HelloBytes.Whole());
        var answer = new byte[1];
        return await Read(socket, answer) == 1 && answer[0] == Handshake;
    }

    private async Task Hold(string beginning, int pid, int port, Func<Task> use, bool hasManyAddresses = false)
    {
        var held = new ConcurrentBag<Socket>();
        Task Add(IEnumerable<int> crowd) => Parallel.ForEachAsync(crowd, async (number, _) => held.Add(
            await Open(port, Beginnings[beginning], number, hasManyAddresses ? number : 0)));

        // What they load of the program is loaded once.
        await Add(Enumerable.Range(Count, First));
        await use();
        var (before, most, slowest) = (ProcessMemory.Resident(pid), 0L, TimeSpan.Zero);
        foreach (var crowd in Enumerable.Range(0, Count).Chunk(Crowd))
        {
            await Add(crowd);
            var watch = Stopwatch.StartNew();
            await use();
            slowest = watch.Elapsed > slowest ? watch.Elapsed : slowest;
            most = Math.Max(most, ProcessMemory.Resident(pid));
        }

        output.WriteLine($"{Count} times {beginning}: {(most - before) / 1_000_000} MB, the slowest use {slowest.TotalSeconds:0.0} s");
        foreach (var socket in held)
        {
            socket.Dispose();
        }

        Assert.True(most - before <= MaxGrowth, $"{(most - before) / 1_000_000} MB");
    }

    private static async Task<Socket> Open(int port, Beginning beginning, int number, int address)
    {
        var socket = await Connect(port, address);
        try
        {
            await Send(socket, number % Quiet == 0 ? beginning.First ?? beginning.Most : beginning.Most);
            if (beginning.HasSecond && await Read(socket, new byte[1000]) > 0)
            {
                await socket.SendAsync(HelloBytes.Announcing(Announced));
            }
        }
        catch (SocketException)
        {
            // It was closed, which costs the least.
        }

        return socket;
    }

    /// <summary>For as long as anything is taken.</summary>
    private static async Task Send(Socket socket, byte[] bytes)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            for (var sent = 0; sent < bytes.Length;)
            {
                sent += await socket.SendAsync(bytes.AsMemory(sent), late.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It is not read from, which costs little, too.
        }
    }

    private static async Task<Socket> Connect(int port, int address = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(new IPAddress([127, (byte)(address >> 8), (byte)address, 1]), 0));
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    private static async Task<int> Read(Socket socket, byte[] answer)
    {
        try
        {
            return await socket.ReceiveAsync(answer);
        }
        catch (SocketException)
        {
            return 0;
        }
    }
    /// <summary>What a connection begins with.</summary>
    /// <param name="Most">Of most of them.</param>
    /// <param name="First">Of the first, and then of one in <see cref="Quiet"/>; <c>null</c> for the same.</param>
    /// <param name="HasSecond">Whether the server's answer is followed by the head of a long hello.</param>
    private sealed record Beginning(byte[] Most, byte[]? First = null, bool HasSecond = false);
}
