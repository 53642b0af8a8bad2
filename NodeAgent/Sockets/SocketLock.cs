namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>One agent at a time for the sockets of a folder.</summary>
internal static class SocketLock
{
    /// <summary>The name of its file, beside the sockets.</summary>
    public const string FileName = "agent.lock";

    /// <summary>Takes it; <c>null</c> when another agent has it.</summary>
    public static IDisposable? TryTake(string folder) => FileLock.TryTake(Path.Combine(folder, FileName));
}
