using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Listening;

/// <summary>Every port of a cluster closes connections that say nothing, or begin and stop.</summary>
public sealed class SilentConnectionTests
{
    /// <summary>The first bytes of TLS, and of a PROXY header, a preface of HTTP/2, a head and a preamble of Orleans.</summary>
    private static readonly string[] Beginnings = ["", "\u0016\u0003\u0001\u0002", "PROXY TCP4 1.2", "PRI * HTTP/2.0\r\n",
        "GET / HTTP/1.1\r\nHost: local", "\u0040\0\0\0abc", "\u0001"];

    [Fact]
    public async Task Each_port_closes_them_in_time()
    {
        await using var cluster = await PeerCluster.Start(silos: 1, gateways: 1, "http://127.0.0.1:9");
        await using var plain = await Plain.Start();
        var ports = new[] { cluster.Silos[0].Process.Id, cluster.Gateways[0].Process.Id }.Concat(plain.Pids).SelectMany(ListeningPorts.Of)
            .Distinct().ToList();
        Assert.True(ports.Count >= 11, $"{ports.Count} ports");
        var watch = Stopwatch.StartNew();
        using var stop = new CancellationTokenSource(Openings.MaxTime + TimeSpan.FromSeconds(20));
        var closing = ports.SelectMany(port => Beginnings.Select(beginning => Closes(port, beginning, stop.Token)))
            .Append(SaysNothingInTls(new Uri(plain.TlsUrl).Port, SslApplicationProtocol.Http2, "", stop.Token))
            .Append(SaysNothingInTls(new Uri(plain.TlsUrl).Port, SslApplicationProtocol.Http2, "PRI * HT", stop.Token))
            .Append(SaysNothingInTls(new Uri(plain.TlsUrl).Port, SslApplicationProtocol.Http11, "", stop.Token))
            .Append(SaysNothingInTls(new Uri(plain.TlsUrl).Port, SslApplicationProtocol.Http11, "GET / HT", stop.Token)).ToList();
        var kept = KeepsAlive(cluster.Gateways[0].DataUrl);
        await Task.WhenAll(closing);
        Assert.True(watch.Elapsed > TimeSpan.FromSeconds(4), "they have some time");
        Assert.Equal("ok\n", await kept);
    }

    /// <summary>Whoever has asked once may be silent for longer.</summary>
    private static async Task<string> KeepsAlive(string url)
    {
        var dials = 0;
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                dials++;
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        await http.GetStringAsync($"{url}/livez");
        await Task.Delay(Openings.MaxTime + TimeSpan.FromSeconds(1));
        var answer = await http.GetStringAsync($"{url}/livez");
        Assert.Equal(1, dials);
        return answer;
    }

    private static async Task Closes(int port, string beginning, CancellationToken stop)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, stop);
        await Ends(client.GetStream(), beginning, $"port {port}, which was told '{beginning}'", stop);
    }

    private static async Task SaysNothingInTls(int port, SslApplicationProtocol protocol, string beginning, CancellationToken stop)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, stop);
        await using var tls = new SslStream(client.GetStream(), false, (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [protocol] }, stop);
        Assert.Equal(protocol, tls.NegotiatedApplicationProtocol);
        await Ends(tls, beginning, $"TLS, which was told '{beginning}'", stop);
    }

    private static async Task Ends(Stream stream, string beginning, string what, CancellationToken stop)
    {
        var buffer = new byte[4096];
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(beginning), stop);
            while (await stream.ReadAsync(buffer, stop) > 0)
            {
                // It may say why.
            }
        }
        catch (IOException)
        {
            // A reset is an end, too.
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{what}, is still open");
        }
    }

    /// <summary>Doors of other settings: without TLS between members, with TLS for clients, and with PROXY headers.</summary>
    private sealed class Plain(TemporaryFolder folder, List<ChildProcess> processes) : IAsyncDisposable
    {
        public IEnumerable<int> Pids => processes.Select(process => process.Id);

        public string TlsUrl { get; private set; } = "";

        public static async Task<Plain> Start()
        {
            var folder = new TemporaryFolder();
            await FrontDoor.WriteUsers(folder);
            using var made = TestCertificates.ForLocalhost("door");
            var (certificate, key) = made.Pem();
            folder.Write("tls.key", key);
            folder.Write("tls.crt", certificate);
            string Config(string name, string listen) =>
                folder.Write(name, DoorConfiguration.Single("http://127.0.0.1:9",
                    extra: $"listen: {{ {listen} }}\ncluster: {{ siloPort: {FreePort.Next()}, gatewayPort: {FreePort.Next()} }}"));
            var plain = new Plain(folder,
            [
                Launch("Silo", Config("silo.yaml", "proxyProtocol: false"), null),
                Launch("Standalone", Config("tls.yaml", "data: \"https://127.0.0.1:0\", tls: { certificate: tls.crt, key: tls.key }"),
                    "https://127.0.0.1:0"),
                Launch("Standalone", Config("proxy.yaml", "proxyProtocol: true, trustedProxies: [127.0.0.1/32]"), "http://127.0.0.1:0"),
            ]);
            plain.TlsUrl = await plain.Processes[1]
                .Line(line => line.StartsWith("data listening on ", StringComparison.Ordinal) ? line[18..].Trim() : null);
            foreach (var process in plain.Processes)
            {
                await process.Line(line => line.StartsWith("admin listening on ", StringComparison.Ordinal) ? line : null);
            }

            return plain;
        }

        private List<ChildProcess> Processes => processes;

        public async ValueTask DisposeAsync()
        {
            foreach (var process in processes)
            {
                await process.DisposeAsync();
            }

            folder.Dispose();
        }

        private static ChildProcess Launch(string project, string config, string? data) => ChildProcess.Start(
            "dotnet", [FrontDoor.DllOf(project), "--config", config, "--listen-admin", "http://127.0.0.1:0",
                .. data is null ? (string[])[] : ["--listen-data", data]]);
    }
}
