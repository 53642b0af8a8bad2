using System.Security.Cryptography;

namespace RegistryProxy.Grains.Sessions.Identity;

/// <summary>Tells one content of a file from another.</summary>
internal static class FileFingerprint
{
    /// <summary>A short hash of the content; empty when the file cannot be read.</summary>
    public static string Of(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file))[..12];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
