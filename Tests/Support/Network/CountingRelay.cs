using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>A TCP relay on loopback that counts what the server sends.</summary>
internal sealed class CountingRelay(string target) : TcpRelay(target)
{
    private long _sent;

    /// <summary>Bytes that went to clients, heads included.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    protected override Task ToServer(NetworkStream client, NetworkStream server, CancellationToken cancellation) => client.CopyToAsync(server, cancellation);

    protected override async Task ToClient(NetworkStream server, NetworkStream client, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 17];
        while (await server.ReadAsync(buffer, cancellation) is var read and > 0)
        {
            Interlocked.Add(ref _sent, read);
            await client.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }
    }
}
