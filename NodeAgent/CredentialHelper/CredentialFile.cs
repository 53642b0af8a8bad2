using System.Text.Json;
using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Sockets;

namespace RegistryProxy.NodeAgent.CredentialHelper;

/// <summary>
/// What people logged in with, for their eyes alone: <c>registryproxy/credentials.json</c> below the user's configuration folder.
/// </summary>
internal sealed class CredentialFile(string path)
{
    /// <summary>Below <c>XDG_CONFIG_HOME</c>, or <c>~/.config</c>.</summary>
    public static string DefaultFolder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/", ".config"),
        "registryproxy");

    public static CredentialFile OfUser() => new(Path.Combine(DefaultFolder, "credentials.json"));

    public Dictionary<string, HelperCredential> Read()
    {
        try
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize(BoundedFile.Read(path), HelperJson.Default.DictionaryStringHelperCredential) ?? []
                : [];
        }
        catch (JsonException)
        {
            throw new IOException($"{path} was not written by this program; remove it and log in again");
        }
    }

    /// <summary>Changes the file as a whole: who reads meanwhile sees the old one or the new one.</summary>
    public void Change(Action<Dictionary<string, HelperCredential>> change)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly.Folder);
        using var locked = new FileStream(
            $"{path}.lock",
            new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.None,
                UnixCreateMode = OwnerOnly.File });
        var all = Read();
        change(all);
        using (var file = new FileStream($"{path}.new", new FileStreamOptions
            { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly.File }))
        {
            JsonSerializer.Serialize(file, all, HelperJson.Default.DictionaryStringHelperCredential);
        }

        File.Move($"{path}.new", path, overwrite: true);
    }
}
