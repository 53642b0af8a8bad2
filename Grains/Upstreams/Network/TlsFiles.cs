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
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file holds something else, or the key is another certificate's.</exception>
    public static TlsMaterial Read(UpstreamTls files)
    {
        var authorities = files.Ca is { } ca ? string.Join('\n', CertificateFiles.Load(ca).Select(certificate => certificate.ExportCertificatePem())) : null;
        if (files is not { Certificate: { } certificate, Key: { } key })
        {
            return new TlsMaterial(authorities, null, null);
        }

        CertificatePair.Load(certificate, key).Dispose();
        return new TlsMaterial(authorities, BoundedFile.ReadText(certificate), new Secret(BoundedFile.ReadText(key)));
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
