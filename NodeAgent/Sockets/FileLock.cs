namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>
/// A file that one holds at a time, of all processes and within each: the kernel frees it with its process, however that ends.
/// </summary>
internal static class FileLock
{
    /// <summary>EAGAIN: somebody else holds it.</summary>
    private const int TryAgain = 11;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Whoever holds it longer hangs, or was stopped.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(15);

    /// <summary>Takes it, and makes it where it is not there; <c>null</c> when somebody else has it.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static FileStream? TryTake(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly.Folder);
        try
        {
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly.File,
            });
        }
        catch (IOException fault) when (fault.HResult == TryAgain)
        {
            return null;
        }
    }

    /// <summary>Waits for it.</summary>
    /// <exception cref="IOException">It cannot be made, or another process keeps it.</exception>
    public static async Task<FileStream> Take(string path, TimeProvider time, CancellationToken cancellation)
    {
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < MaxWait;)
        {
            if (TryTake(path) is { } taken)
            {
                return taken;
            }

            await Task.Delay(Pause, time, cancellation);
        }

        throw new IOException($"{path} has been held by another process for {MaxWait.TotalSeconds:0} s");
    }
}
