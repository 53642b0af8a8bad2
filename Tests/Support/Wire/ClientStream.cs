using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>The bytes of a connection as HTTP has them: those of the socket, or within TLS, whatever certificate is shown.</summary>
internal static class ClientStream
{
    /// <summary>A connection of its own to a server; disposing of it closes it.</summary>
    public static async Task<Stream> Open(Uri server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port);
        return await Over(socket, server);
    }

    /// <summary>The same over a socket that is connected.</summary>
    public static async Task<Stream> Over(Socket socket, Uri server, SslApplicationProtocol? protocol = null)
    {
        var plain = new NetworkStream(socket, ownsSocket: true);
        if (server.Scheme != Uri.UriSchemeHttps)
        {
            return plain;
        }

        var encrypted = new SslStream(plain);
        try
        {
            await encrypted.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
                ApplicationProtocols = [protocol ?? SslApplicationProtocol.Http11],
            });
        }
        catch (AuthenticationException fault)
        {
            throw new IOException("the handshake failed", fault);
        }

        return encrypted;
    }
}
