using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Connections of TLS from their first byte to their last: handshakes, ends, certificates, what an idle one takes.</summary>
[Waits(60)]
public sealed class TlsTests(TlsTests.Server server) : IClassFixture<TlsTests.Server>
{
    private const int Alert = 21;

    private static readonly TestBlob Blob = TestBlob.Random(840, 20_000_017);

    private readonly FrontDoor _door = server.Door;

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Who_says_that_it_sends_nothing_more_gets_the_whole_answer_and_its_end(SslProtocols version)
    {
        using var tap = new RecordStream(await Connect());
        await using var tls = await Encrypt(tap, version);
        await tls.WriteAsync(Encoding.ASCII.GetBytes(await Request()));
        await tls.ShutdownAsync();
        var answer = new MemoryStream();
        await tls.CopyToAsync(answer);
        Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(answer.GetBuffer(), 0, 12));
        Assert.True(answer.GetBuffer().AsSpan(0, (int)answer.Length).EndsWith(Blob.Bytes), "the answer is not whole");
        Assert.True(tap.LastLength is > 0 and < 40, $"the last record has {tap.LastLength} bytes");
        Assert.True(version != SslProtocols.Tls12 || tap.LastType == Alert, $"the last record is of type {tap.LastType}");
    }

    [Fact]
    public async Task Handshakes_that_break_off_leave_nothing_behind()
    {
        var hello = await Hello();
        await Get();
        var before = ProcessMemory.Descriptors(_door.Pid);
        for (var i = 0; i < Sizes.Of(60, 600); i++)
        {
            using var socket = await Connect();
            await socket.SendAsync(hello.AsMemory(0, i % 3 == 0 ? hello.Length : (i * 7) % hello.Length));
            socket.LingerState = new LingerOption(i % 2 == 0, 0);
        }

        await Eventually.True(() => ProcessMemory.Descriptors(_door.Pid) <= before + 5, "their sockets are closed");
        await Get();
        Assert.True(await _door.Metric("registryproxy_listen_tls_handshake_duration_seconds_count", "error=\"gone\"") > 0);
        Assert.DoesNotContain("xception", _door.Log);
    }

    [Fact]
    public async Task What_is_no_handshake_ends_with_an_alert_or_at_once()
    {
        foreach (var bytes in new[]
        {
            "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u0016\u0003\u0001\0\u0004\u0001\0\0\0",
            "\u0016\u0003\u0001\u00ff\u00ff" + new string('x', 16_000),
        })
        {
            using var socket = await Connect();
            await socket.SendAsync(Encoding.Latin1.GetBytes(bytes));
            using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            var answer = new byte[1000];
            var read = await Read(socket, answer, stop.Token);
            Assert.True(read == 0 || answer[0] == Alert, $"{read} bytes, beginning with {answer[0]}");
        }

        await Get();
    }

    [Fact]
    public async Task A_handshake_may_come_byte_by_byte()
    {
        using var socket = await Connect();
        await using var tls = await Encrypt(new CrumbStream(socket), SslProtocols.Tls13);
        await tls.WriteAsync("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var answer = new byte[12];
        await tls.ReadExactlyAsync(answer);
        Assert.Equal("HTTP/1.1 200", Encoding.ASCII.GetString(answer));
    }

    [Fact]
    public async Task Clients_that_never_read_keep_nobody_waiting_and_are_closed()
    {
        await Get();
        var before = ProcessMemory.Descriptors(_door.Pid);
        var request = Encoding.ASCII.GetBytes(await Request());
        var clients = await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            var tls = await Encrypt(new NetworkStream(await Connect(), ownsSocket: true), SslProtocols.Tls13);
            await tls.WriteAsync(request);
            return tls;
        }));
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Get()));
        await Eventually.True(
            () => ProcessMemory.Descriptors(_door.Pid) <= before + 5, "they are closed", TimeSpan.FromSeconds(90));
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_hundred_at_once_are_served_by_either_version()
    {
        await Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
        {
            using var alice = new RegistryClient(_door.DataUrl, "alice", FrontDoor.PasswordOf("alice")) { Http2 = number % 2 == 0 };
            var from = number * 1000;
            using var response = await alice.GetBlob("a/b", Blob.Digest, ("Range", $"bytes={from}-{from + 499_999}"));
            Assert.Equal(number % 2 == 0 ? 2 : 1, response.Version.Major);
            var bytes = await response.Content.ReadAsByteArrayAsync();
            Assert.True(Blob.Bytes.AsSpan(from, 500_000).SequenceEqual(bytes), "other bytes");
        }));
    }

    /// <summary>Measured at 20 to 40 KB; an idle buffer of a record or two would be seen.</summary>
    [Fact]
    public async Task An_idle_connection_takes_little_memory()
    {
        const int Count = 1000;
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"), encrypted: true);
        foreach (var warm in await Crowd(door, Count / 2))
        {
            await warm.DisposeAsync();
        }

        var before = door.ResidentBytes();
        var crowd = await Crowd(door, Count);
        var each = (door.ResidentBytes() - before) / Count;
        Assert.True(each < 60 * 1024, $"{each} bytes each");
        foreach (var client in crowd)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task Renegotiation_is_refused_and_sessions_are_resumed()
    {
        var address = new Uri(_door.DataUrl);
        var again = await Shell.Run(
            "sh", ["-c", $"(sleep 1; echo R; sleep 2) | timeout 20 openssl s_client -connect {address.Authority} -tls1_2 2>&1 || true"]);
        var answer = again.Output.Split("RENEGOTIATING");
        Assert.Equal(2, answer.Length);
        Assert.Contains(":error:", answer[1]);
        Assert.DoesNotContain("xception", _door.Log);
        foreach (var version in new[] { "-tls1_2", "-tls1_3" })
        {
            var file = _door.PathOf($"session{version}");
            const string Ask = "printf 'GET /livez HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1";
            var first = $"({Ask}) | openssl s_client -connect {address.Authority} {version} -sess_out {file} -ign_eof";
            var second = $"({Ask}) | openssl s_client -connect {address.Authority} {version} -sess_in {file} -ign_eof";
            var output = (await Shell.Run("sh", ["-c", $"({first}; {second}) 2>&1"])).Output;
            Assert.Contains("New, TLSv1", output);
            Assert.Contains("Reused, TLSv1", output);
        }
    }

    private async Task<string> Request()
    {
        using var alice = _door.Client("alice");
        var token = await alice.Token(RegistryClient.Pull("a/b"));
        return $"GET /v2/a/b/blobs/{Blob.Digest} HTTP/1.1\r\nHost: {_door.Authority}\r\nAuthorization: Bearer {token}\r\n\r\n";
    }

    private async Task Get()
    {
        using var alice = _door.Client("alice");
        using var response = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Digest, new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
    }

    /// <summary>Clients that asked for something and have its answer.</summary>
    private static async Task<SslStream[]> Crowd(FrontDoor door, int count)
    {
        var crowd = new SslStream[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 20 }, async (i, _) =>
        {
            crowd[i] = await Encrypt(new NetworkStream(await Connect(door), ownsSocket: true), SslProtocols.Tls13);
            await crowd[i].WriteAsync("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), CancellationToken.None);
            Assert.True(await crowd[i].ReadAsync(new byte[1000], CancellationToken.None) > 12);
        });
        return crowd;
    }

    private Task<Socket> Connect() => Connect(_door);

    private static async Task<Socket> Connect(FrontDoor door)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", new Uri(door.DataUrl).Port);
        return socket;
    }

    private static async Task<SslStream> Encrypt(Stream plain, SslProtocols version)
    {
        var tls = new SslStream(plain);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = version,
            RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
        });
        return tls;
    }

    /// <summary>What a client begins with.</summary>
    private static async Task<byte[]> Hello()
    {
        var plain = new MemoryStream();
        await Assert.ThrowsAnyAsync<Exception>(() => Encrypt(plain, SslProtocols.Tls13));
        return plain.ToArray();
    }

    private static async Task<int> Read(Socket socket, byte[] answer, CancellationToken stop)
    {
        try
        {
            return await socket.ReceiveAsync(answer, stop);
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    public sealed class Server : IAsyncLifetime
    {
        private BlobUpstream _upstream = null!;

        internal FrontDoor Door { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _upstream = await BlobUpstream.Start(Blob);
            Door = await FrontDoor.Start(CacheTests.Yaml(_upstream.Url), encrypted: true);
        }

        public async ValueTask DisposeAsync()
        {
            await Door.DisposeAsync();
            await _upstream.DisposeAsync();
        }
    }
}
