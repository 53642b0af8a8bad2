using System.Net;
using System.Net.Sockets;
using RegistryProxy.Background;
using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>Connects to a name only when every address it resolves to may be dialled, and dials one of those very addresses.</summary>
internal static class VettedConnector
{
    public static async ValueTask<Stream> Connect(
        DnsEndPoint endPoint, bool allowPrivate, IReadOnlyCollection<IPAddress> excepted, CancellationToken cancellation)
    {
        var addresses = await HostAddresses.System.Get(endPoint.Host, cancellation);
        try
        {
            return await Open(endPoint, addresses, allowPrivate, excepted, cancellation);
        }
        catch (SocketException)
        {
            var others = await HostAddresses.System.Others(endPoint.Host, addresses, cancellation);
            if (others.Length == 0)
            {
                throw;
            }

            return await Open(endPoint, others, allowPrivate, excepted, cancellation);
        }
        catch (OperationCanceledException)
        {
            HostAddresses.System.Forget(endPoint.Host);
            throw;
        }
    }

    /// <exception cref="ForbiddenAddressException">One of a host's addresses may not be dialled.</exception>
    public static void Vet(string host, IPAddress[] addresses, bool allowPrivate, IReadOnlyCollection<IPAddress> excepted)
    {
        if (!Array.TrueForAll(addresses, address => excepted.Contains(address) || AddressRules.MayDial(address, allowPrivate)))
        {
            throw new ForbiddenAddressException(
                $"'{host}' resolves to a blocked address; private addresses need allowPrivate: true on the upstream");
        }
    }

    private static Task<Stream> Open(
        DnsEndPoint endPoint, IPAddress[] addresses, bool allowPrivate, IReadOnlyCollection<IPAddress> excepted,
        CancellationToken cancellation)
    {
        Vet(endPoint.Host, addresses, allowPrivate, excepted);
        return StaggeredConnection.Tcp.Open(addresses, endPoint.Port, cancellation);
    }
}

/// <summary>Opens connections of other protocols than HTTP, to addresses that may be dialled alone.</summary>
public static class VettedSocket
{
    /// <summary>Connects to a server.</summary>
    /// <param name="host">Its name or address.</param>
    /// <param name="port">Its port.</param>
    /// <param name="allowPrivate">Whether loopback and private addresses may be dialled.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <exception cref="IOException">One of the addresses may not be dialled.</exception>
    /// <exception cref="SocketException">No address accepts.</exception>
    public static async Task<NetworkStream> Connect(string host, int port, bool allowPrivate, CancellationToken cancellation) =>
        (NetworkStream)await VettedConnector.Connect(new DnsEndPoint(host, port), allowPrivate, [], cancellation);
}
