using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.Files;

/// <summary>Certificates in PEM: of one file, or of all <c>.pem</c>, <c>.crt</c> and <c>.cer</c> files of a folder.</summary>
public static class CertificateFiles
{
    /// <summary>How many files of one folder are read.</summary>
    public const int MaxFiles = 256;

    private static readonly string[] Endings = [".pem", ".crt", ".cer"];

    /// <summary>The files that hold the certificates of a path, in order.</summary>
    /// <exception cref="IOException">The folder cannot be read, or holds more than <see cref="MaxFiles"/> such files.</exception>
    public static string[] Of(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        try
        {
            string[] files = [.. Directory.EnumerateFiles(path).Where(file => Endings.Contains(Path.GetExtension(file))).Take(MaxFiles + 1)
                .Order(StringComparer.Ordinal)];
            return files.Length <= MaxFiles ? files : throw new IOException($"{path} holds more than {MaxFiles} files of certificates");
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new IOException($"{path} cannot be read: permission denied", fault);
        }
    }

    /// <summary>Reads them; at least one.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">A file holds something else, or there is no certificate.</exception>
    public static X509Certificate2Collection Load(string path)
    {
        var certificates = new X509Certificate2Collection();
        foreach (var file in Of(path))
        {
            Import(certificates, BoundedFile.ReadText(file), file);
        }

        return certificates.Count > 0 ? certificates
            : throw new CryptographicException($"there is no certificate in {path}; PEM files are read");
    }

    /// <summary>Reads those of a text in PEM; at least one.</summary>
    /// <exception cref="CryptographicException">It holds something else, or no certificate.</exception>
    public static X509Certificate2Collection Parse(string text)
    {
        var certificates = new X509Certificate2Collection();
        Import(certificates, text, "the text");
        return certificates.Count > 0 ? certificates : throw new CryptographicException("there is no certificate in the text; PEM is read");
    }

    private static void Import(X509Certificate2Collection certificates, string text, string name)
    {
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (Exception fault)
        {
            throw new CryptographicException($"{name} holds a certificate that is damaged: {fault.Message}", fault);
        }
    }

    /// <summary>Why certificates are of no use at a time: all of them expired or not valid yet; <c>null</c> when one is.</summary>
    public static string? ProblemAt(DateTimeOffset now, IEnumerable<X509Certificate2> certificates)
    {
        var problems = certificates.Select(certificate => ProblemAt(now, certificate)).ToList();
        return problems.Contains(null) ? null : problems.FirstOrDefault();
    }

    /// <summary>Why a certificate is of no use at a time: expired, or not valid yet.</summary>
    public static string? ProblemAt(DateTimeOffset now, X509Certificate2 certificate) =>
        now > certificate.NotAfter.ToUniversalTime()
            ? $"the certificate of {certificate.Subject} expired at {certificate.NotAfter.ToUniversalTime():u}"
        : now < certificate.NotBefore.ToUniversalTime()
            ? $"the certificate of {certificate.Subject} is not valid before {certificate.NotBefore.ToUniversalTime():u}"
        : null;
}
