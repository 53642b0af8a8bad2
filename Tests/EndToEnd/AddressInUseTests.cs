using System.Net;
using System.Net.Sockets;
using RegistryProxy.NodeAgent.Serving;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>An address that cannot be listened on is told in one line that names its key.</summary>
public sealed class AddressInUseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TcpListener _other = new(IPAddress.Loopback, 0);

    public AddressInUseTests() => _other.Start();

    [Theory]
    [InlineData("Standalone", "listen: { data: \"http://127.0.0.1:PORT\", admin: \"http://127.0.0.1:0\" }", "listen.data", "is in use")]
    [InlineData("Standalone", "listen: { data: \"http://127.0.0.1:0\", admin: \"http://127.0.0.1:PORT\" }", "listen.admin", "is in use")]
    [InlineData("Standalone", "listen: { data: \"http://203.0.113.7:5000\", admin: \"http://127.0.0.1:0\" }", "listen.data",
        "203.0.113.7 is no address of this machine")]
    [InlineData("Standalone", "listen: { data: \"http://[::]:PORT\", admin: \"http://127.0.0.1:0\" }", "listen.data", "is in use")]
    [InlineData("Standalone", "listen: { data: \"http://registry.example:PORT\", admin: \"http://127.0.0.1:0\" }",
        "listen.data", "is in use")]
    [InlineData("Standalone", "listen: { data: \"http://127.0.0.1:FREE\", admin: \"http://localhost:FREE\" }", "listen.admin",
        "listen.data is port")]
    [InlineData("Silo", "listen: { admin: \"http://127.0.0.1:FREE\" }\ncluster: { siloPort: FREE, gatewayPort: 0 }", "cluster.siloPort",
        "listen.admin is port")]
    [InlineData("Gateway", "listen: { data: \"http://127.0.0.1:PORT\", admin: \"http://127.0.0.1:0\" }", "listen.data", "is in use")]
    [InlineData("Silo", "listen: { admin: \"http://127.0.0.1:0\" }\ncluster: { siloPort: PORT, gatewayPort: 0 }",
        "cluster.siloPort", "is in use")]
    [InlineData("Silo", "listen: { admin: \"http://127.0.0.1:0\" }\ncluster: { siloPort: 0, gatewayPort: PORT }",
        "cluster.gatewayPort", "is in use")]
    public async Task A_host_says_which_key_and_address_and_exits_with_2(string host, string listen, string key, string reason)
    {
        await FrontDoor.WriteUsers(_folder);
        var port = ((IPEndPoint)_other.LocalEndpoint).Port;
        var config = _folder.Write("config.yaml",
            DoorConfiguration.Single("http://127.0.0.1:9", extra: listen.Replace("PORT", $"{port}").Replace("FREE", $"{FreePort.Next()}"))
                .Replace("    hosts: [\"*\"]\n", "    hosts: [\"*\"]\n    publicUrl: https://a.example\n"));
        await using var process = ChildProcess.Start("dotnet", [FrontDoor.DllOf(host), "--config", config]);
        await Eventually.True(() => process.HasExited, "it ends");
        Assert.Equal(2, process.ExitCode);
        var said = Assert.Single(process.Lines, line => line.Length > 0);
        Assert.StartsWith($"{config}: {key}: ", said);
        Assert.Contains(reason, said);
    }

    [Fact]
    public void An_agent_says_which_key_and_address()
    {
        var port = ((IPEndPoint)_other.LocalEndpoint).Port;
        Directory.CreateDirectory(_folder.File("folder.sock"));
        _folder.Write("file", "");
        Said("listen: unix:///" + new string('d', 120), "listen: ", "too long");
        Said($"listen: unix://{_folder.File("folder.sock")}", "listen: ", "folder");
        Said($"listen: unix://{_folder.File("file/a.sock")}", "listen: ", "cannot be listened on");
        Warned($"health: http://127.0.0.1:{port}", "health: http://127.0.0.1:", "is in use");
        Warned($"mirror: {{ listen: \"http://127.0.0.1:{port}\" }}", "mirror.listen: http://127.0.0.1:", "is in use");
        var free = FreePort.Next();
        Warned($"mirror: {{ listen: \"http://127.0.0.1:{free}\" }}\nhealth: http://127.0.0.1:{free}",
            "health: http://127.0.0.1:", "mirror.listen is port");
        Assert.Null(ListenerProbe.Find(Settings($"listen: unix://{_folder.File("a.sock")}")));
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder.File(".")), file => file.Contains(".sock."));
    }

    public void Dispose()
    {
        _other.Dispose();
        _folder.Dispose();
    }

    private void Said(string yaml, string key, string reason)
    {
        var problem = ListenerProbe.Find(Settings(yaml));
        Assert.StartsWith(key, problem);
        Assert.Contains(reason, problem);
    }

    /// <summary>kubelet needs no port, so the agent serves it all the same.</summary>
    private void Warned(string yaml, string key, string reason)
    {
        var settings = Settings($"listen: unix://{_folder.File("a.sock")}\n{yaml}");
        Assert.Null(ListenerProbe.Find(settings));
        var warning = Assert.Single(ListenerProbe.Warnings(settings));
        Assert.StartsWith(key, warning);
        Assert.Contains(reason, warning);
    }

    private AgentSettings Settings(string yaml)
    {
        var (settings, errors) = SettingsFile.Parse(yaml, _folder.File("nodeagent.yaml"));
        Assert.Empty(errors);
        return settings!;
    }
}
