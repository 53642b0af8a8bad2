using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>A connection whose bytes leave one by one.</summary>
internal sealed class CrumbStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        for (var i = 0; i < buffer.Length; i++)
        {
            await base.WriteAsync(buffer.Slice(i, 1), cancellationToken);
            await Task.Yield();
        }
    }
}
