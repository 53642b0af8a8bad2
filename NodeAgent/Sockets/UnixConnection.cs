using System.Net.Sockets;

namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>HTTP over the socket of another process of this node.</summary>
internal static class UnixConnection
{
    /// <summary>A handler whose every connection leads to the socket.</summary>
    public static SocketsHttpHandler Handler(string path) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = false,
        EnableMultipleHttp2Connections = true,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        ConnectCallback = async (_, cancellation) => new NetworkStream(await Open(path, cancellation), ownsSocket: true),
    };

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public static async Task<Socket> Open(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
