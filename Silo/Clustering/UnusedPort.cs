using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// A port for a silo that was given none. Orleans wants to know it before it listens, so it is not taken from those which the system lends
/// to outgoing connections: one of them could have it by then.
/// </summary>
internal static class UnusedPort
{
    private const int First = 20_000;
    private const int Last = 32_000;

    /// <summary>Returns <paramref name="port"/>, or a port on which nobody listens where it is 0.</summary>
    public static int Or(int port)
    {
        while (port == 0)
        {
            var candidate = RandomNumberGenerator.GetInt32(First, Last);
            port = IsUnused(candidate) ? candidate : 0;
        }

        return port;
    }

    private static bool IsUnused(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException refused) when (refused.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }
}
