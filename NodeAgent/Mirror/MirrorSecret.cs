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
        if (Known(path) is { } known)
        {
            return known;
        }

        var (made, temporary) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), $"{path}.{Guid.NewGuid():N}");
        try
        {
            using (var file = new FileStream(
                temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly.File }))
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes(made));
            }

            if (File.Exists(path) && Known(path) is null)
            {
                File.Delete(path);
            }

            File.Move(temporary, path);
            return new Secret(made);
        }
        catch (IOException) when (Known(path) is not null)
        {
            // An installation, or another agent, was faster: containerd knows theirs.
            return Known(path)!;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static Secret? Known(string path) =>
        File.Exists(path) && BoundedFile.ReadText(path, SecretFile.MaxBytes).Trim() is { Length: > 0 } known ? new Secret(known) : null;
}
