using System.Net.Sockets;

namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>
/// A socket for root alone. It listens under a name of its own and takes its real one when it is ready, so that whoever finds the real name
/// also finds an answer, and a stale one does not stand in the way. What is not a stale socket, or its own, it leaves.
/// </summary>
internal sealed class SocketFile
{
    /// <summary>A socket that takes a connection takes it at once; one whose queue is full does not.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

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

    /// <summary>Why the name cannot be taken; <c>null</c> when nobody needs it.</summary>
    public string? WhyTaken()
    {
        if (Directory.Exists(_path))
        {
            return "it is a folder";
        }

        if (!Path.Exists(_path))
        {
            return null;
        }

        return ProcessBehind() is { } process ? $"{(process > 0 ? $"process {process}" : "another process")} answers there" : IsReadable()
            ? "there is a file that is no socket" : null;
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

    /// <summary>Gives the name up while it still listens, if it has it still.</summary>
    public void Remove()
    {
        if (ProcessBehind() == Environment.ProcessId)
        {
            File.Delete(_path);
        }
    }

    /// <summary>The process that listens under the name; <c>null</c> when nobody does.</summary>
    private int? ProcessBehind()
    {
        using var socket = new Socket(
            AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { SendTimeout = (int)Timeout.TotalMilliseconds };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(_path));
            return PeerCheck.PeerOf(socket)?.Process ?? 0;
        }
        catch (SocketException fault)
        {
            return fault.SocketErrorCode is SocketError.WouldBlock or SocketError.TimedOut or SocketError.TryAgain ? 0 : null;
        }
    }

    /// <summary>A socket cannot be opened as a file.</summary>
    private bool IsReadable()
    {
        try
        {
            File.OpenHandle(_path).Dispose();
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
