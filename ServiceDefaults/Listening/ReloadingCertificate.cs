using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using RegistryProxy.Configuration;
using RegistryProxy.Files;
using RegistryProxy.ServiceDefaults.Certificates;
using RegistryProxy.ServiceDefaults.Files;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// What a listener shows: its certificate and those that signed it, read again at most once a second when its files changed; a broken pair
/// leaves the last good one in use.
/// </summary>
internal sealed class ReloadingCertificate
{
    private readonly ReloadedFiles<SslServerAuthenticationOptions> _files;

    /// <exception cref="ConfigurationUnusableException">The files cannot be used.</exception>
    public ReloadingCertificate(TlsConfiguration tls, bool http2, TimeProvider time)
    {
        try
        {
            _files = new ReloadedFiles<SslServerAuthenticationOptions>(
                [tls.Certificate, tls.Key], () => Load(tls, http2),
                (known, next) => CertificatesInUse.Refuse(
                    known.ServerCertificateContext!.TargetCertificate, next.ServerCertificateContext!.TargetCertificate, time), time);
        }
        catch (Exception fault) when (fault is CryptographicException or IOException)
        {
            throw new ConfigurationUnusableException("listen.tls", fault.Message);
        }

        CertificatesInUse.Watch("listen.tls", () => _files.Look() is var (shown, problem)
            ? (shown.ServerCertificateContext!.TargetCertificate, problem) : default);
    }

    /// <summary>What connections are told that come now.</summary>
    public SslServerAuthenticationOptions Current => _files.Current;

    private static SslServerAuthenticationOptions Load(TlsConfiguration tls, bool http2) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        ApplicationProtocols = http2 ? [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] : [SslApplicationProtocol.Http11],
        ServerCertificateContext = CertificatePair.LoadShown(tls.Certificate, tls.Key),
    };
}
