using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>
/// Only root, and whoever runs the agent, may speak to its sockets: the kernel tells who is at the other end (SO_PEERCRED).
/// </summary>
internal static class PeerCheck
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    private static readonly uint Self = UidOf(BoundedFile.ReadText("/proc/self/status").Split('\n'));

    public static ConnectionDelegate Allow(ConnectionDelegate next) => context =>
    {
        var socket = context.Features.Get<IConnectionSocketFeature>()?.Socket;
        if (socket is not null && PeerOf(socket) is { User: var user } && (user == 0 || user == Self))
        {
            return next(context);
        }

        context.Abort(new ConnectionAbortedException("this user may not speak to the agent"));
        return Task.CompletedTask;
    };

    /// <summary>Who is at the other end (struct ucred: pid, uid, gid); of a listener, who made it one.</summary>
    public static (int Process, uint User)? PeerOf(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        return socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials) == credentials.Length
            ? (BinaryPrimitives.ReadInt32LittleEndian(credentials), BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]))
            : null;
    }

    private static uint UidOf(IEnumerable<string> status) =>
        uint.Parse(
            status.First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[2],
            System.Globalization.CultureInfo.InvariantCulture);
}
