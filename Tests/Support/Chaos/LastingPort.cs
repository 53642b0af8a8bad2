using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Ports for servers that come back on theirs: below those which outgoing connections take while a server is away.</summary>
internal static class LastingPort
{
    private const int First = 12_000;
    private const int Last = 30_000;

    private static int _next = First + (Environment.ProcessId * 37 % (Last - First));

    public static int Next()
    {
        while (true)
        {
            var port = First + (Interlocked.Increment(ref _next) % (Last - First));
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
