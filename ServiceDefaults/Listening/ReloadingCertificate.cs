using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using RegistryProxy.Configuration;
using RegistryProxy.Files;
using RegistryProxy.ServiceDefaults.Certificates;
using RegistryProxy.ServiceDefaults.Files;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// The certificate of a listener, read again at most once a second when its files changed; a broken pair leaves the last good one in use.
/// </summary>
internal sealed class ReloadingCertificate
{
    private readonly ReloadedFiles<X509Certificate2> _files;

    /// <exception cref="ConfigurationUnusableException">The files cannot be used.</exception>
    public ReloadingCertificate(TlsConfiguration tls, TimeProvider time)
    {
        try
        {
            _files = new ReloadedFiles<X509Certificate2>(
                [tls.Certificate, tls.Key], () => CertificatePair.Load(tls.Certificate, tls.Key),
                (known, next) => CertificatesInUse.Refuse(known, next, time), time);
        }
        catch (Exception fault) when (fault is CryptographicException or IOException)
        {
            throw new ConfigurationUnusableException("listen.tls", fault.Message);
        }

        CertificatesInUse.Watch("listen.tls", _files.Look);
    }

    public void Configure(HttpsConnectionAdapterOptions https)
    {
        https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        https.ServerCertificateSelector = (_, _) => _files.Current;
    }
}
