using System.Net.Sockets;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A real haproxy that carries connections as they are, and says whose they are.</summary>
internal sealed class HaProxy : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;

    private HaProxy(TemporaryFolder folder, ChildProcess process, int port) => (_folder, _process, Port) = (folder, process, port);

    public int Port { get; }

    public string Log => _process.Output;

    /// <param name="target">Where connections lead.</param>
    /// <param name="options">Of the server line, such as <c>send-proxy</c>.</param>
    /// <param name="mode"><c>tcp</c>, or <c>http</c> for one that reads requests.</param>
    public static async Task<HaProxy> Start(Uri target, string options, string mode = "tcp")
    {
        var folder = new TemporaryFolder();
        var port = FreePort.Next();
        var configuration = folder.Write("haproxy.cfg", $"""
            global
              log stdout format raw local0
            defaults
              mode {mode}
              log global
              timeout connect 5s
              timeout client 60s
              timeout server 60s
            frontend front
              bind 127.0.0.1:{port}
              default_backend back
            backend back
              server door 127.0.0.1:{target.Port} source 127.0.0.1 {options}

            """);
        var proxy = new HaProxy(folder, ChildProcess.Start("haproxy", ["-db", "-f", configuration]), port);
        await Eventually.True(proxy.Listens, $"haproxy listens; it said:\n{proxy.Log}");
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<bool> Listens()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
