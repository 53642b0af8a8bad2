using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>
/// A TCP relay on loopback that ends the first connection over which more than so many bytes went to the client, once,
/// and remembers the heads of the requests that it carried.
/// </summary>
internal sealed class CuttingProxy(string target, long cutAfter) : TcpRelay(target)
{
    private readonly ConcurrentQueue<string> _requests = [];
    private int _cuts;

    /// <summary>What clients sent, one entry for each read.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    public bool HasCut => Volatile.Read(ref _cuts) > 0;

    protected override async Task ToServer(NetworkStream client, NetworkStream server, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 16];
        while (await client.ReadAsync(buffer, cancellation) is var read and > 0)
        {
            _requests.Enqueue(Encoding.Latin1.GetString(buffer, 0, Math.Min(read, 2048)));
            await server.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    }

    protected override async Task ToClient(NetworkStream server, NetworkStream client, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 14];
        long carried = 0;
        while (await server.ReadAsync(buffer, cancellation) is var read and > 0)
        {
            await client.WriteAsync(buffer.AsMemory(0, read), cancellation);
            carried += read;
            if (carried > cutAfter && Interlocked.Exchange(ref _cuts, 1) == 0)
            {
                return;
            }
        }
    }
}
