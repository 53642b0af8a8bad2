using System.Security.Cryptography;

namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>The agent's own program as it is copied: one file, or one that needs the .NET runtime and brings the files beside it.</summary>
/// <param name="Main">The file that is run.</param>
/// <param name="Beside">The folder whose files it needs; <c>null</c> for none.</param>
internal sealed record AgentProgram(string Main, string? Beside)
{
    private const string Name = "RegistryProxy.NodeAgent";

    public static AgentProgram OfThisProcess() => File.Exists(Path.Combine(AppContext.BaseDirectory, $"{Name}.dll"))
        ? new AgentProgram(Path.Combine(AppContext.BaseDirectory, Name), AppContext.BaseDirectory)
        : new AgentProgram(Environment.ProcessPath!, null);

    /// <summary>The folder of the files beside an installed program.</summary>
    public static string FolderOf(string program) => $"{program}.d";

    /// <summary>Whether the program at a place is this one.</summary>
    public bool IsAt(HostFiles host, string path) => Beside is null
        ? new FileInfo(host.AtLink(path)).LinkTarget is null && Same(Main, host.At(path))
        : Directory.EnumerateFiles(Beside).All(file => Same(file, host.At($"{FolderOf(path)}/{Path.GetFileName(file)}")))
            && host.Exists(path);

    /// <summary>Tells this program from every other one.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] files = Beside is null ? [Main] : [.. Directory.EnumerateFiles(Beside).Order(StringComparer.Ordinal)];
        foreach (var file in files)
        {
            using var bytes = new FileInfo(file).OpenRead();
            hash.AppendData(SHA256.HashData(bytes));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void CopyTo(HostFiles host, string path, bool keepFormer)
    {
        if (Beside is null)
        {
            host.CopyProgram(Main, path, keepFormer);
            return;
        }

        foreach (var file in Directory.EnumerateFiles(Beside))
        {
            host.CopyProgram(file, $"{FolderOf(path)}/{Path.GetFileName(file)}", keepFormer: false);
        }

        host.Link(path, $"{FolderOf(path)}/{Name}");
    }

    private static bool Same(string one, string other)
    {
        var (first, second) = (new FileInfo(one), new FileInfo(other));
        if (!second.Exists || first.Length != second.Length)
        {
            return false;
        }

        using var left = new BufferedStream(first.OpenRead());
        using var right = new BufferedStream(second.OpenRead());
        Span<byte> a = stackalloc byte[4096], b = stackalloc byte[4096];
        while (left.ReadAtLeast(a, a.Length, throwOnEndOfStream: false) is > 0 and var read)
        {
            if (right.ReadAtLeast(b, b.Length, throwOnEndOfStream: false) != read || !a[..read].SequenceEqual(b[..read]))
            {
                return false;
            }
        }

        return true;
    }
}
