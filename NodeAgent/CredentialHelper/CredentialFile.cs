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

    /// <summary>
    /// Changes the file as a whole, after whoever changes it now: who reads meanwhile sees the old one or the new one.
    /// </summary>
    public async Task Change(Action<Dictionary<string, HelperCredential>> change, TimeProvider time, CancellationToken cancellation)
    {
        using var locked = await FileLock.Take($"{path}.lock", time, cancellation);
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
