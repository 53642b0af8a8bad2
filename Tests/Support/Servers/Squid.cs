using System.Net.Sockets;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A real squid that makes tunnels for one user, to the names of a hosts file.</summary>
internal sealed class Squid : IAsyncDisposable
{
    public const string User = "fetcher";
    public const string Password = "canary-squid-password";

    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;

    private Squid(TemporaryFolder folder, ChildProcess process, int port) => (_folder, _process, Port) = (folder, process, port);

    public int Port { get; }

    public string Log => _process.Output
        + (File.Exists(_folder.File("log/cache.log")) ? File.ReadAllText(_folder.File("log/cache.log")) : "");

    /// <param name="names">Names that lead to this machine.</param>
    public static async Task<Squid> Start(params string[] names)
    {
        var folder = new TemporaryFolder();
        var port = FreePort.Next();
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_101_101);
        Directory.CreateDirectory(folder.File("log"));
        File.SetUnixFileMode(folder.File("log"), (UnixFileMode)0b111_111_111);
        var hosts = folder.Write("hosts", string.Concat(names.Select(name => $"127.0.0.1 {name}\n")));
        (await Shell.Run("htpasswd", ["-bcm", folder.File("users"), User, Password])).ShouldSucceed();
        var configuration = folder.Write("squid.conf", $"""
            http_port 127.0.0.1:{port}
            pid_filename none
            cache deny all
            access_log none
            cache_log {folder.File("log/cache.log")}
            hosts_file {hosts}
            auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder.File("users")}
            acl known proxy_auth REQUIRED
            acl CONNECT method CONNECT
            http_access deny !CONNECT
            http_access allow known
            http_access deny all
            shutdown_lifetime 0 seconds

            """);
        var squid = new Squid(folder, ChildProcess.Start("/usr/sbin/squid", ["-N", "-f", configuration]), port);
        await Eventually.True(squid.Listens, $"squid listens; it said:\n{squid.Log}");
        return squid;
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
