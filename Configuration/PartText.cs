using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>What a file beside the main one says: an included one, or the part of a tenant, wherever that is kept. Never changed.</summary>
/// <param name="Name">Names it in the cluster: <see cref="OfFile"/>, <see cref="OfTenant"/> or <see cref="OfManaged"/>.</param>
/// <param name="File">The file, as it is named in errors.</param>
/// <param name="Text">What was read, which may hold secrets.</param>
public sealed record PartText(string Name, string File, Secret Text)
{
    /// <summary>The SHA-256 of the text, in hexadecimal digits.</summary>
    public string Hash { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text.Reveal())));

    private const string FilePrefix = "file:";
    private const string TenantPrefix = "tenant:";
    private const string ManagedPrefix = "managed:";

    /// <summary>The name of an included file.</summary>
    /// <param name="path">From the folder of the main file, with slashes.</param>
    public static string OfFile(string path) => $"{FilePrefix}{path}";

    /// <summary>Whether that is the name of an included file.</summary>
    public static bool IsFile(string name) => name.StartsWith(FilePrefix, StringComparison.Ordinal);

    /// <summary>The path of an included file from the folder of the main one, by its name; <c>null</c> for another part.</summary>
    public static string? PathOf(string name) => IsFile(name) ? name[FilePrefix.Length..] : null;

    /// <summary>The name of the part of a tenant.</summary>
    public static string OfTenant(string tenant) => $"{TenantPrefix}{tenant}";

    /// <summary>The name of the part of a tenant that is kept in the state.</summary>
    public static string OfManaged(string tenant) => $"{ManagedPrefix}{tenant}";

    /// <summary>Whether that is the name of a part that is kept in the state.</summary>
    public static bool IsManaged(string name) => name.StartsWith(ManagedPrefix, StringComparison.Ordinal);

    /// <summary>Whose part that is; <c>null</c> for an included file.</summary>
    public static string? TenantOf(string name) =>
        name.StartsWith(TenantPrefix, StringComparison.Ordinal) ? name[TenantPrefix.Length..]
        : IsManaged(name) ? name[ManagedPrefix.Length..] : null;
}
