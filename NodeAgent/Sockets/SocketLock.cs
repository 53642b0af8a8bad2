namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>One agent at a time for the sockets of a folder: the kernel frees it with its process, however that ends.</summary>
internal static class SocketLock
{
    /// <summary>The name of its file, beside the sockets.</summary>
    public const string FileName = "agent.lock";

    /// <summary>EAGAIN: another process has the lock.</summary>
    private const int TryAgain = 11;

    /// <summary>Takes it; <c>null</c> when another agent has it.</summary>
    public static IDisposable? TryTake(string folder)
    {
        Directory.CreateDirectory(folder, OwnerOnly.Folder);
        try
        {
            return new FileStream(Path.Combine(folder, FileName), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly.File,
            });
        }
        catch (IOException fault) when (fault.HResult == TryAgain)
        {
            return null;
        }
    }
}
