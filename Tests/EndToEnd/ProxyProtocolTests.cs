using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Behind load balancers that begin every connection with a PROXY header, the client is who the header names.</summary>
public sealed class ProxyProtocolTests
{
    private const string Probe = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private static readonly byte[] Signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    [Theory]
    [InlineData("send-proxy", false)]
    [InlineData("send-proxy-v2", false)]
    [InlineData("send-proxy-v2 proxy-v2-options crc32c,authority check check-send-proxy inter 100ms", false)]
    [InlineData("send-proxy", true)]
    [InlineData("send-proxy-v2 proxy-v2-options crc32c", true)]
    public async Task The_client_behind_haproxy_is_who_connected_to_it(string options, bool tls)
    {
        using var folder = new TemporaryFolder();
        await using var door = await Door(folder, tls);
        await using var haproxy = await HaProxy.Start(door.Url, options);
        for (var client = 5; client < 8; client++)
        {
            using var http = From($"127.0.0.{client}");
            using var request = new HttpRequestMessage(
                HttpMethod.Get, $"{door.Url.Scheme}://127.0.0.1:{haproxy.Port}/token?service=127.0.0.1");
            request.Headers.Authorization = RegistryClient.Basic("alice", "wrong");

            // Who speaks for himself is not believed: he is no trusted proxy.
            request.Headers.Add("X-Forwarded-For", "6.6.6.6");
            using var response = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        await Eventually.True(() => Clients(folder).Count == 3, "the refusals are written");
        Assert.Equal(["127.0.0.5", "127.0.0.6", "127.0.0.7"], Clients(folder));

        // Its own connections, by which it looks whether the door is there, are good ones too.
        Assert.DoesNotContain("DOWN", haproxy.Log);
        using var metrics = new HttpClient();
        Assert.DoesNotMatch("proxy_protocol_closed.*(malformed|untrusted)", await metrics.GetStringAsync($"{door.Admin}/metrics"));
    }

    [Fact]
    public async Task Limits_are_those_of_the_client_that_the_header_names()
    {
        using var folder = new TemporaryFolder();
        await using var door = await Door(folder, tls: false);
        var given = await RawHttp.Exchange(
            door.Url.OriginalString, "PROXY UNKNOWN\r\n" + Request("/token?service=localhost&scope=repository:a/b:pull"));
        var token = JsonDocument.Parse(given[given.IndexOf('{')..(given.LastIndexOf('}') + 1)]).RootElement.GetProperty("token")
            .GetString();
        var statuses = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            statuses.Add(await Status("PROXY TCP4 203.0.113.1 127.0.0.1 1 2\r\n"));
        }

        Assert.Contains("429", statuses);
        Assert.Equal("200", await Status("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"));

        // Whom a load balancer does not name, it does not let speak for others either.
        var unnamed = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            unnamed.Add(await Status("PROXY UNKNOWN\r\n", $"X-Forwarded-For: 203.0.113.{i}\r\n"));
        }

        Assert.Contains("429", unnamed);

        async Task<string> Status(string header, string headers = "") =>
            (await RawHttp.Exchange(
                door.Url.OriginalString, header + Request("/v2/", $"Authorization: Bearer {token}\r\n{headers}")))[9..12];
    }

    [Fact]
    public async Task Only_trusted_proxies_may_say_who_connects_and_nobody_may_come_without_a_header()
    {
        using var folder = new TemporaryFolder();
        await using var door = await Door(folder, tls: false);
        Assert.StartsWith("HTTP/1.1 200", await Answer(door.Url, "127.0.0.1", Text("PROXY TCP4 203.0.113.1 127.0.0.1 1 2\r\n" + Probe)));
        Assert.StartsWith("HTTP/1.1 200", await Answer(door.Url, "127.0.0.1", Text("PROXY UNKNOWN\r\n" + Probe)));
        Assert.StartsWith("HTTP/1.1 200", await Answer(door.Url, "127.0.0.1", Text("PROXY UNKNOWN ffff::1 what ever 1\r\n" + Probe)));
        Assert.StartsWith("HTTP/1.1 200", await Answer(door.Url, "127.0.0.1", [.. Binary(0x20, 0x00, []), .. Text(Probe)]));
        Assert.StartsWith("HTTP/1.1 200",
            await Answer(door.Url, "127.0.0.1",
                [.. Binary(0x21, 0x11, [203, 0, 113, 1, 127, 0, 0, 1, 0, 1, 0, 2, 0x20, 0, 3, 1, 2, 3]), .. Text(Probe)]));

        // Valid, and not of TCP: as if it named nobody.
        foreach (var (family, length) in new[] { (0x12, 12), (0x22, 36), (0x31, 216), (0x32, 216) })
        {
            Assert.StartsWith("HTTP/1.1 200", await Answer(
                door.Url, "127.0.0.1", [.. Binary(0x21, (byte)family, new byte[length]), .. Text(Probe)]));
        }

        Assert.Equal("", await Answer(door.Url, "127.0.0.7", Text("PROXY TCP4 203.0.113.1 127.0.0.1 1 2\r\n" + Probe)));
        Assert.Equal("", await Answer(door.Url, "127.0.0.7", Text(Probe)));
        Assert.Equal("", await Answer(door.Url, "127.0.0.1", Text(Probe)));
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync($"{door.Admin}/livez")).StatusCode);
    }

    [Fact]
    public async Task A_header_may_come_byte_by_byte_but_not_for_ever()
    {
        using var folder = new TemporaryFolder();
        await using var door = await Door(folder, tls: false);
        var silent = Answer(door.Url, "127.0.0.1", []);
        var half = Answer(door.Url, "127.0.0.1", Text("PROXY TCP4 203.0.113.1 127."));
        foreach (var header in new[] { Text("PROXY TCP4 203.0.113.1 127.0.0.1 1 2\r\n"), Binary(0x21, 0x21, [.. new byte[36], 1, 2, 3]) })
        {
            using var client = new TcpClient { NoDelay = true };
            await client.ConnectAsync(IPAddress.Loopback, door.Url.Port);
            foreach (var part in header)
            {
                await client.GetStream().WriteAsync(new[] { part });
            }

            await client.GetStream().WriteAsync(Text(Probe));
            Assert.StartsWith("HTTP/1.1 200", await ReadAll(client.GetStream()));
        }

        Assert.Equal(["", ""], await Task.WhenAll(silent, half).WaitAsync(Openings.MaxTime + TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task What_is_no_header_is_closed_without_a_word()
    {
        using var folder = new TemporaryFolder();
        await using var door = await Door(folder, tls: false);
        foreach (var wrong in Wrong().Concat(Mutations(Sizes.Of(300, 5000))))
        {
            Assert.Equal("", await Answer(door.Url, "127.0.0.1", [.. wrong, .. Text(Probe)], close: true));
        }

        Assert.StartsWith("HTTP/1.1 200", await Answer(door.Url, "127.0.0.1", Text("PROXY UNKNOWN\r\n" + Probe)));
    }

    private static IEnumerable<byte[]> Wrong() =>
    [
        .. new[]
        {
            "PROXY\r\n", "PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 1.2.3.4\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
            "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", "PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY TCP4 0x1020304 5.6.7.8 1 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1 02\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP6 ::1%lo ::1 1 2\r\n",
            "PROXY TCP6 [::1] ::1 1 2\r\n", "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
            "PROXY UNKNOWNX\r\n", "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
            $"PROXY UNKNOWN {new string('x', 200)}\r\n", "\r\nPROXY UNKNOWN\r\n", "\0",
        }.Select(Text),
        Binary(0x11, 0x11, new byte[12]), Binary(0x22, 0x11, new byte[12]), Binary(0x31, 0x11, new byte[12]), Binary(
            0x21, 0x11, new byte[11]), Binary(0x21, 0x21, new byte[35]),
        Binary(0x21, 0x13, new byte[12]), Binary(0x21, 0x33, new byte[216]), Binary(0x21, 0x41, new byte[36]), Binary(
            0x21, 0x11, new byte[5000]), Binary(0x20, 0x00, new byte[65535]),
    ];

    /// <summary>Good headers with one byte changed within what is fixed: the signature, or the letters of the text.</summary>
    private static IEnumerable<byte[]> Mutations(int count)
    {
        var random = new Random(20);
        for (var i = 0; i < count; i++)
        {
            var binary = i % 2 == 0;
            var header = binary ? Binary(0x21, 0x11, new byte[12]) : Text("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n");
            header[random.Next(binary ? 12 : 9)] ^= (byte)(1 << random.Next(8));
            yield return header;
        }
    }

    private static byte[] Text(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Binary(byte command, byte family, byte[] rest) =>
        [.. Signature, command, family, (byte)(rest.Length >> 8), (byte)rest.Length, .. rest];

    private static string Request(string target, string headers = "") =>
        $"GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n";

    /// <summary>What comes back until the end of the connection; nothing when it is closed or reset at once.</summary>
    private static async Task<string> Answer(Uri door, string from, byte[] bytes, bool close = false)
    {
        using var client = new TcpClient(new IPEndPoint(IPAddress.Parse(from), 0));
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, door.Port);
            var stream = client.GetStream();
            await stream.WriteAsync(bytes);
            if (close)
            {
                // What is still waited for will not come.
                client.Client.Shutdown(SocketShutdown.Send);
            }

            return await ReadAll(stream);
        }
        catch (Exception fault) when (fault is IOException or SocketException or InvalidOperationException)
        {
            // It is closed already.
            return "";
        }
    }

    private static async Task<string> ReadAll(NetworkStream stream)
    {
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer).WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (IOException)
        {
            // A reset: the answer is what came before.
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }

    private static HttpClient From(string address) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null },
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    private static List<string> Clients(TemporaryFolder folder) =>
        [.. (File.Exists(folder.File("audit.jsonl")) ? File.ReadAllLines(folder.File("audit.jsonl")) : []).Select(
            line => JsonDocument.Parse(line).RootElement.GetProperty("client").GetString()!)];

    private static async Task<Running> Door(TemporaryFolder folder, bool tls)
    {
        await FrontDoor.WriteUsers(folder);
        using var made = TestCertificates.ForLocalhost("door");
        var (certificate, key) = made.Pem();
        folder.Write("tls.key", key);
        folder.Write("tls.crt", certificate);
        var scheme = tls ? "https" : "http";
        var config = folder.Write("config.yaml", DoorConfiguration.Single("http://127.0.0.1:9", extra: $$"""
            listen:
              data: {{scheme}}://127.0.0.1:0
              trustedProxies: ["127.0.0.1/32"]
              proxyProtocol: true
              {{(tls ? "tls: { certificate: tls.crt, key: tls.key }" : "")}}
            audit: { file: audit.jsonl }
            """).Replace("routes:", "limits: { perIdentity: { requestsPerSecond: 5 } }\n    routes:"));
        var process = ChildProcess.Start("dotnet",
            [FrontDoor.Dll, "--config", config, "--listen-data", $"{scheme}://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"]);
        var url = await process.Line(line => line.StartsWith("data listening on ", StringComparison.Ordinal) ? line[18..].Trim() : null);
        var admin = await process.Line(line => line.StartsWith("admin listening on ", StringComparison.Ordinal) ? line[19..].Trim() : null);
        using var http = new HttpClient();
        await Eventually.True(async () => (await http.GetAsync($"{admin}/readyz")).IsSuccessStatusCode, "it is ready");
        return new Running(process, new Uri(url), admin);
    }

    private sealed record Running(ChildProcess Process, Uri Url, string Admin) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
