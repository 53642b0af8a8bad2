namespace RegistryProxy.NodeAgent.Sockets;

/// <summary>Modes of what nobody but its owner may see.</summary>
internal static class OwnerOnly
{
    /// <summary>0700.</summary>
    public const UnixFileMode Folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>0600.</summary>
    public const UnixFileMode File = UnixFileMode.UserRead | UnixFileMode.UserWrite;
}
