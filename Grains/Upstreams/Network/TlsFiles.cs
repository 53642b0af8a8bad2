using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Upstreams.Network;

/// <summary>The files of TLS to an upstream, read and tried.</summary>
internal static class TlsFiles
{
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">A file holds something else, or the key is another certificate's.</exception>
    public static TlsMaterial Read(UpstreamTls files)
    {
        var authorities = files.Ca is { } ca
            ? string.Join('\n', ca.Load().Select(certificate => certificate.ExportCertificatePem())) : null;
        if (files is not { Certificate: { } certificate, Key: { } key })
        {
            return new TlsMaterial(authorities, null, null);
        }

        var (text, secret) = (BoundedFile.ReadText(certificate), BoundedFile.ReadText(key));
        try
        {
            // What is tried is what is used, with every certificate of the chain.
            X509Certificate2.CreateFromPem(text, secret).Dispose();
            new X509Certificate2Collection().ImportFromPem(text);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException or FormatException)
        {
            CertificatePair.Load(certificate, key).Dispose();
            throw new CryptographicException(
                $"{certificate} holds a certificate that is damaged, or changed while it was read: {fault.Message}", fault);
        }

        return new TlsMaterial(authorities, text, new Secret(secret));
    }

    /// <summary>Why a certificate must not take the place of the one in use: it has no life now, and that one has.</summary>
    public static string? Refuse(TlsMaterial? inUse, TlsMaterial next, DateTimeOffset now)
    {
        if (inUse?.Certificate is not { } former || next.Certificate is not { } latter)
        {
            return null;
        }

        using var old = X509Certificate2.CreateFromPem(former);
        using var fresh = X509Certificate2.CreateFromPem(latter);
        return CertificateFiles.ProblemAt(now, old) is null ? CertificateFiles.ProblemAt(now, fresh) : null;
    }
}
