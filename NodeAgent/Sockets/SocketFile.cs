namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>
/// A socket for root alone. It listens under a name of its own and takes its real one when it is ready, so that whoever finds the real name
/// also finds an answer, and a stale one does not stand in the way.
/// </summary>
internal sealed class SocketFile
{
    private readonly string _path;

    public SocketFile(string path) => (_path, Temporary) = (path, $"{path}.{Environment.ProcessId}");

    /// <summary>Where to listen at first.</summary>
    public string Temporary { get; }

    /// <summary>Makes the folder, for its owner alone when it is new.</summary>
    public void Prepare()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!, OwnerOnly.Folder);
        File.Delete(Temporary);
    }

    /// <summary>Takes back what <see cref="Prepare"/> and a listener made; never throws.</summary>
    public void Withdraw()
    {
        try
        {
            File.Delete(Temporary);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // There is nothing to take back where nothing could be made.
        }
    }

    /// <summary>It listens: from now on it has its name.</summary>
    public void Publish()
    {
        File.SetUnixFileMode(Temporary, OwnerOnly.File);
        File.Move(Temporary, _path, overwrite: true);
    }
}
