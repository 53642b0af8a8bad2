using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>The authorities that a front door is believed by: read when they are needed, since files of nodes come and go.</summary>
internal static class Authorities
{
    /// <summary>The largest file that is read, in bytes: what a machine trusts takes some hundred thousand.</summary>
    public const int MaxBundle = 8 * 1024 * 1024;

    /// <summary>Reads those of a file or folder.</summary>
    /// <exception cref="AuthorityException">They cannot be read, or there are none.</exception>
    public static X509Certificate2Collection Load(string path) => Load(path, path);

    /// <summary>Why they cannot be read; <c>null</c> when they can.</summary>
    /// <param name="place">Where the file is.</param>
    /// <param name="name">What people call it.</param>
    public static string? Problem(string place, string name)
    {
        try
        {
            Load(place, name).ToList().ForEach(certificate => certificate.Dispose());
            return null;
        }
        catch (AuthorityException fault)
        {
            return fault.Message;
        }
    }

    private static X509Certificate2Collection Load(string place, string name)
    {
        try
        {
            // Comments between the certificates of a bundle are in any encoding; PEM itself is ASCII.
            var certificates = new X509Certificate2Collection();
            CertificateFiles.Of(place).ToList().ForEach(
                file => certificates.ImportFromPem(Encoding.Latin1.GetString(BoundedFile.Read(file, MaxBundle))));
            return certificates.Count > 0 ? certificates : throw new CryptographicException("there is none in it");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AuthorityException($"{name} cannot be read as certificates in PEM: {fault.Message}");
        }
    }
}

/// <summary>The authorities of a front door cannot be read, so nothing is asked there.</summary>
internal sealed class AuthorityException(string message) : HttpRequestException(message);
