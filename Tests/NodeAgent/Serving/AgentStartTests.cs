using System.Net;
using System.Net.Sockets;
using System.Text;
using RegistryProxy.NodeAgent.Mirror;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.NodeAgent.Serving;

/// <summary>
/// kubelet does not start without its image service, so the agent serves it whatever else is amiss, and says to systemd when it does.
/// </summary>
public sealed class AgentStartTests : IDisposable
{
    private static readonly TimeSpan Hanging = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Ports_authorities_and_state_that_cannot_be_had_keep_no_kubelet_waiting()
    {
        using var mirror = new TcpListener(IPAddress.Loopback, 0);
        using var health = new TcpListener(IPAddress.Loopback, 0);
        mirror.Start();
        health.Start();
        var (mirrorUrl, healthUrl) = (UrlOf(mirror), UrlOf(health));
        _folder.Write("state", "a file where the folder of the state is meant");
        await using var agent = Start($$"""
            listen: unix://{{ImageSocket}}
            stateDir: {{_folder.File("state")}}
            runtime: { type: docker, endpoint: "unix://{{_folder.File("docker.sock")}}" }
            frontDoors: [ { url: "https://127.0.0.1:{{FreePort.Next()}}", ca: ca.crt, identity: { type: password, username: u, password: { value: p } } } ]
            mirror: { listen: "{{mirrorUrl}}", frontDoors: {} }
            health: {{healthUrl}}
            """);
        await agent.Line(line => line.StartsWith("image service listening", StringComparison.Ordinal) ? line : null);
        await Eventually.True(() => agent.Output.Contains("health: "), "it says what it cannot have");
        Assert.Contains($"mirror.listen: {mirrorUrl} cannot be listened on: port", agent.Output);
        Assert.Contains($"health: {healthUrl} cannot be listened on: port", agent.Output);
        Assert.Contains("ca.crt cannot be read as certificates in PEM", agent.Output);
        await ShouldAccept(ImageSocket);
        await ShouldAccept(_folder.File("run/agent.sock"));

        mirror.Stop();
        health.Stop();
        using var http = new HttpClient();
        await Eventually.True(async () => await Status(http, $"{healthUrl}/livez") == HttpStatusCode.OK, "health is served");
        await Eventually.True(
            async () => await Status(http, $"{mirrorUrl}/v2/?ns=x") == HttpStatusCode.ServiceUnavailable, "the mirror says what is amiss");

        File.Delete(_folder.File("state"));
        Assert.Equal(HttpStatusCode.Forbidden, await Status(http, $"{mirrorUrl}/v2/?ns=x"));
        Assert.True(File.Exists(_folder.File("state/mirror-secret")));
        http.DefaultRequestHeaders.Add(MirrorSecret.Header, (await File.ReadAllTextAsync(_folder.File("state/mirror-secret"))).Trim());
        Assert.Equal(HttpStatusCode.NotFound, await Status(http, $"{mirrorUrl}/v2/?ns=x"));
        Assert.Equal(0, await agent.Terminate());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Systemd_hears_once_that_the_agent_serves_and_not_before(bool isAbstract)
    {
        var path = isAbstract ? $"registryproxy-{Guid.NewGuid():N}" : _folder.File("notify");
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(isAbstract ? $"\0{path}" : path));
        await using var agent = Start(
            $"listen: unix://{ImageSocket}\nstateDir: {_folder.File("state")}\n", ("NOTIFY_SOCKET", isAbstract ? $"@{path}" : path));
        var words = new byte[256];
        var length = await systemd.ReceiveAsync(words, SocketFlags.None).WaitAsync(Hanging);
        await ShouldAccept(ImageSocket);
        await ShouldAccept(_folder.File("run/agent.sock"));
        Assert.Equal("READY=1", Encoding.UTF8.GetString(words, 0, length));
        Assert.Equal(0, await agent.Terminate());
        Assert.Equal(0, systemd.Available);
    }

    [Fact]
    public async Task A_systemd_that_is_gone_is_told_of_and_kubelet_is_served()
    {
        await using var agent = Start(
            $"listen: unix://{ImageSocket}\nstateDir: {_folder.File("state")}\n", ("NOTIFY_SOCKET", _folder.File("nobody")));
        await agent.Line(line => line.StartsWith("systemd could not be notified", StringComparison.Ordinal) ? line : null);
        await agent.Line(line => line.StartsWith("image service listening", StringComparison.Ordinal) ? line : null);
        await ShouldAccept(ImageSocket);
    }

    public void Dispose() => _folder.Dispose();

    private string ImageSocket => _folder.File("run/image.sock");

    private ChildProcess Start(string yaml, params (string, string)[] environment) => ChildProcess.Start(
        "dotnet", [Agent.Dll, "serve", "--config", _folder.Write("nodeagent.yaml", yaml)], environment);

    private static string UrlOf(TcpListener listener) => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    private static async Task ShouldAccept(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
    }

    private static async Task<HttpStatusCode?> Status(HttpClient http, string url)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(url));
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
