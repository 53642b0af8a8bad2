using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>
/// A network of the test's own (ip-netns(8)) with every address on its loopback interface, public and forbidden ones alike, and a resolver
/// of the test's own. Sockets opened inside belong to it for good.
/// </summary>
internal sealed partial class NetworkNamespace : IAsyncDisposable
{
    private const int NewNetwork = 0x40000000;

    private readonly string _name = $"rp-{Guid.NewGuid():N}"[..15];
    private readonly List<IAsyncDisposable> _relays = [];

    private NetworkNamespace()
    {
    }

    private string Etc => $"/etc/netns/{_name}";

    public static async Task<NetworkNamespace> Create(IEnumerable<IPAddress> addresses, IPAddress nameServer)
    {
        var space = new NetworkNamespace();
        (await Shell.Run("ip", ["netns", "add", space._name])).ShouldSucceed();
        (await space.Ip("link", "set", "lo", "up")).ShouldSucceed();
        foreach (var address in addresses.Where(address => !IPAddress.IsLoopback(address)))
        {
            (await space.Ip("addr", "add", $"{address}/{(address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)}", "dev", "lo",
                "nodad")).ShouldSucceed();
        }

        Directory.CreateDirectory(space.Etc);
        await File.WriteAllTextAsync($"{space.Etc}/resolv.conf", $"nameserver {nameServer}\noptions timeout:1 attempts:2\n");
        return space;
    }

    /// <summary>The command that runs a program inside.</summary>
    public IEnumerable<string> Command(string program) => ["ip", "netns", "exec", _name, program];

    /// <summary>A socket that is bound inside.</summary>
    public Socket Bind(SocketType type, IPAddress address, int port) => Inside(() =>
    {
        var socket = new Socket(address.AddressFamily, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, port));
        return socket;
    });

    /// <summary>An address out here that leads to a server on loopback inside.</summary>
    public string Relay(string url)
    {
        var relay = new InwardRelay(this, url);
        _relays.Add(relay);
        return relay.Url;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var relay in _relays)
        {
            await relay.DisposeAsync();
        }

        await Shell.Run("ip", ["netns", "del", _name]);
        Directory.Delete(Etc, recursive: true);
    }

    private Task<ShellResult> Ip(params string[] arguments) => Shell.Run("ip", ["-n", _name, .. arguments]);

    /// <summary>Namespaces belong to threads, so the work gets a thread that ends with it.</summary>
    private T Inside<T>(Func<T> work)
    {
        T result = default!;
        Exception? problem = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle($"/var/run/netns/{_name}");
                if (SetNamespace(handle, NewNetwork) != 0)
                {
                    throw new IOException($"setns failed with {Marshal.GetLastPInvokeError()}");
                }

                result = work();
            }
            catch (Exception fault)
            {
                problem = fault;
            }
        });
        thread.Start();
        thread.Join();
        return problem is null ? result : throw problem;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(Microsoft.Win32.SafeHandles.SafeFileHandle handle, int kind);

    private sealed class InwardRelay(NetworkNamespace space, string target) : TcpRelay(target)
    {
        protected override async Task<TcpClient> Connect(string host, int port, CancellationToken cancellation)
        {
            var client = space.Inside(() => new TcpClient(AddressFamily.InterNetwork));
            await client.ConnectAsync(host, port, cancellation);
            return client;
        }

        protected override Task ToServer(NetworkStream client, NetworkStream server, CancellationToken cancellation) =>
            client.CopyToAsync(server, cancellation);

        protected override Task ToClient(NetworkStream server, NetworkStream client, CancellationToken cancellation) =>
            server.CopyToAsync(client, cancellation);
    }
}
