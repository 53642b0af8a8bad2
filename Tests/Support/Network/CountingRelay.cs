using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>A TCP relay on loopback that counts what servers send, and lets so many bytes a second of it through; 0 for all.</summary>
internal sealed class CountingRelay(string target, int bytesPerSecond = 0) : TcpRelay(target)
{
    private long _sent;

    /// <summary>Bytes to clients so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    protected override Task ToServer(NetworkStream client, NetworkStream server, CancellationToken cancellation) =>
        client.CopyToAsync(server, cancellation);

    protected override async Task ToClient(NetworkStream server, NetworkStream client, CancellationToken cancellation)
    {
        var buffer = new byte[bytesPerSecond == 0 ? 1 << 18 : Math.Max(1, bytesPerSecond / 20)];
        while (await server.ReadAsync(buffer, cancellation) is var read and > 0)
        {
            Interlocked.Add(ref _sent, read);
            await client.WriteAsync(buffer.AsMemory(0, read), cancellation);
            if (bytesPerSecond > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)read / bytesPerSecond), cancellation);
            }
        }
    }
}
