using System.Security.Cryptography;

namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>Tells one content of a file, or of the files of a folder, from another.</summary>
internal static class FileFingerprint
{
    /// <summary>A short hash of the content; empty when it cannot be read.</summary>
    public static string Of(string path)
    {
        try
        {
            return Directory.Exists(path) ? string.Concat(Directory.GetFiles(path).Order().Select(OfFile)) : OfFile(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string OfFile(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file))[..12];
    }
}
