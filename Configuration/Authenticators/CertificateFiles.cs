using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.Configuration.Authenticators;

/// <summary>Certificates in PEM: of one file, or of all <c>.pem</c>, <c>.crt</c> and <c>.cer</c> files of a folder.</summary>
public static class CertificateFiles
{
    private static readonly string[] Endings = [".pem", ".crt", ".cer"];

    /// <summary>Reads them.</summary>
    /// <exception cref="IOException">The path is not there.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file does not hold certificates.</exception>
    public static X509Certificate2Collection Load(string path)
    {
        string[] files = Directory.Exists(path) ? [.. Directory.GetFiles(path).Where(file => Endings.Contains(Path.GetExtension(file))).Order()] : [path];
        var certificates = new X509Certificate2Collection();
        foreach (var file in files)
        {
            certificates.ImportFromPemFile(file);
        }

        return certificates;
    }
}
