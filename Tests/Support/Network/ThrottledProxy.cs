using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>A TCP relay on loopback that lets so many bytes a second through, each way.</summary>
internal sealed class ThrottledProxy(string target, int bytesPerSecond) : TcpRelay(target)
{
    private const int Slices = 20;

    protected override Task ToServer(NetworkStream client, NetworkStream server, CancellationToken cancellation) =>
        Copy(client, server, cancellation);

    protected override Task ToClient(NetworkStream server, NetworkStream client, CancellationToken cancellation) =>
        Copy(server, client, cancellation);

    private async Task Copy(NetworkStream from, NetworkStream to, CancellationToken cancellation)
    {
        var buffer = new byte[Math.Max(1, bytesPerSecond / Slices)];
        while (await from.ReadAsync(buffer, cancellation) is var read and > 0)
        {
            await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
            if (read > buffer.Length / 8)
            {
                await Task.Delay(TimeSpan.FromSeconds((double)read / bytesPerSecond), cancellation);
            }
        }
    }
}
