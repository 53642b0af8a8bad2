using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using RegistryProxy.Configuration;
using RegistryProxy.Files;
using RegistryProxy.ServiceDefaults.Certificates;
using RegistryProxy.ServiceDefaults.Files;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// The TLS options of a listener, with its certificate chain: read again at most once a second when the files changed; a broken pair leaves
/// the last good one in use.
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

        CertificatesInUse.Watch("listen.tls", () => _files.Look() is var (options, problem)
            ? (options.ServerCertificateContext!.TargetCertificate, problem) : default);
    }

    /// <summary>The options for a handshake that begins now.</summary>
    public SslServerAuthenticationOptions Current => _files.Current;

    private static SslServerAuthenticationOptions Load(TlsConfiguration tls, bool http2) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        AllowRenegotiation = false,
        ApplicationProtocols = http2 ? [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] : [SslApplicationProtocol.Http11],
        ServerCertificateContext = CertificatePair.LoadChain(tls.Certificate, tls.Key),
    };
}
