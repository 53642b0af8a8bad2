using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Egress;

/// <summary>Connects to a name only when every address it resolves to may be dialled, and dials one of those very addresses.</summary>
internal static class VettedConnector
{
    public static async ValueTask<Stream> Connect(
        DnsEndPoint endPoint, bool allowPrivate, IReadOnlyCollection<IPAddress> excepted, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(endPoint.Host, cancellation);
        if (addresses.Length == 0 || !Array.TrueForAll(addresses, address => excepted.Contains(address) || AddressRules.MayDial(address, allowPrivate)))
        {
            throw new ForbiddenAddressException(
                $"'{endPoint.Host}' leads to an address that may not be dialled; private addresses need allowPrivate: true on the upstream");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
