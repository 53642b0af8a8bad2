using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Processes;

/// <summary>
/// Ports below those which outgoing connections take: nobody has one before its server binds it, nor while the server is away.
/// </summary>
internal static class FreePort
{
    private const int First = 10_000;
    private const int Last = 20_000;

    private static int _next = Environment.ProcessId * 37;

    public static int Next()
    {
        while (true)
        {
            var port = First + ((int)((uint)Interlocked.Increment(ref _next) % (Last - First)));
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
