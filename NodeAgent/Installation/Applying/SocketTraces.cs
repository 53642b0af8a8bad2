using System.Text;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>
/// What an agent that was ended left beside its socket. The folder may be one that other programs use: only sockets of the agent's own
/// names go, at which nobody answers, and a lock that nobody holds.
/// </summary>
internal sealed class SocketTraces(HostFiles host)
{
    /// <summary>The longest path of a socket, in bytes (unix(7)).</summary>
    private const int LongestPath = 107;

    /// <param name="listen">Where the agent listened.</param>
    public void Remove(string listen)
    {
        var folder = Path.GetDirectoryName(listen)!;
        string[] sockets = [listen, AgentFiles.ControlSocketBeside(listen)];
        foreach (var path in sockets.Concat(host.List(folder, "*").Where(path => sockets.Any(socket => IsUnpublished(path, socket))))
            .Where(IsStale))
        {
            host.Delete(path);
        }

        var lockFile = $"{folder}/{SocketLock.FileName}";
        if (host.Bytes(lockFile) is [] && SocketLock.TryTake(host.At(folder)) is { } free)
        {
            free.Dispose();
            host.DeleteFile(lockFile);
        }

        host.DeleteEmpty(folder);
    }

    /// <summary>Whether it is the name of a socket with the number of a process behind it.</summary>
    private static bool IsUnpublished(string path, string socket) => path.StartsWith($"{socket}.", StringComparison.Ordinal)
        && path[(socket.Length + 1)..] is { Length: > 0 } number && number.All(char.IsAsciiDigit);

    private bool IsStale(string path) => host.Exists(path) && host.LinkTarget(path) is null
        && Encoding.UTF8.GetByteCount(host.At(path)) <= LongestPath && new SocketFile(host.At(path)).WhyTaken() is null;
}
