using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Files;

namespace RegistryProxy.Configuration;

/// <summary>Certificates in PEM; exactly one of the two is set.</summary>
/// <param name="Path">The absolute path of a file or a folder of such files, read again when they change.</param>
/// <param name="Pem">The text itself, of a managed part, which names no files.</param>
public sealed record CertificateSource(string? Path, string? Pem)
{
    /// <summary>Reads them; at least one.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">There is something else, or no certificate.</exception>
    public X509Certificate2Collection Load() => Path is { } path ? CertificateFiles.Load(path) : CertificateFiles.Parse(Pem!);
}
