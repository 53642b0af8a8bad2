using System.Security.Cryptography;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.NodeAgent.Sockets;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Mirror;

/// <summary>
/// What containerd shows the mirror, so that no pod of the host network can borrow the node's identity: made once for each node.
/// </summary>
internal static class MirrorSecret
{
    /// <summary>The header that carries it.</summary>
    public const string Header = "X-RegistryProxy-Mirror";

    /// <summary>Reads the secret of this node, or makes it.</summary>
    public static Secret Obtain(string stateDir)
    {
        Directory.CreateDirectory(stateDir, OwnerOnly.Folder);
        var path = Path.Combine(stateDir, "mirror-secret");
        if (File.Exists(path) && BoundedFile.ReadText(path, SecretFile.MaxBytes).Trim() is { Length: > 0 } known)
        {
            return new Secret(known);
        }

        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        using var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly.File });
        file.Write(System.Text.Encoding.ASCII.GetBytes(made));
        return new Secret(made);
    }
}
