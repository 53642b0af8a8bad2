using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Egress;

/// <summary>Connects to a name only when every address it resolves to may be dialled, and dials one of those very addresses.</summary>
internal static class VettedConnector
{
    public static async ValueTask<Stream> Connect(
        DnsEndPoint endPoint, bool allowPrivate, IReadOnlyCollection<IPAddress> excepted, CancellationToken cancellation)
    {
        var addresses = await HostAddresses.System.Get(endPoint.Host, cancellation);
        if (!Array.TrueForAll(addresses, address => excepted.Contains(address) || AddressRules.MayDial(address, allowPrivate)))
        {
            throw new ForbiddenAddressException(
                $"'{endPoint.Host}' leads to an address that may not be dialled; private addresses need allowPrivate: true on the upstream");
        }

        try
        {
            return await StaggeredConnection.Tcp.Open(addresses, endPoint.Port, cancellation);
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            HostAddresses.System.Forget(endPoint.Host);
            throw;
        }
    }
}
