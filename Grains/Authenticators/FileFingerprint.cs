using System.Security.Cryptography;
using RegistryProxy.Configuration.Authenticators;
using RegistryProxy.Files;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>Tells one content of a file, or of the certificates of a folder, from another.</summary>
internal static class FileFingerprint
{
    /// <summary>A short hash of the content; empty when it cannot be read.</summary>
    public static string Of(string path)
    {
        try
        {
            return string.Concat(CertificateFiles.Of(path).Select(file => Convert.ToHexStringLower(SHA256.HashData(BoundedFile.Read(file, HtpasswdFile.MaxBytes)))[..12]));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
