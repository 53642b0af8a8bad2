using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Files;
using RegistryProxy.ServiceDefaults.Telemetry;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>The certificate of a listener, read again at most once a second when its files changed; a broken pair leaves the last good one in use.</summary>
internal sealed class ReloadingCertificate
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly TlsConfiguration _files;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private X509Certificate2 _certificate;
    private string _seen;
    private long _checked;

    public ReloadingCertificate(TlsConfiguration files, TimeProvider time)
    {
        (_files, _time) = (files, time);
        _seen = Stamp();
        _certificate = Load();
        _checked = time.GetTimestamp();
        CertificateMeter.Watch("listen.tls", Current);
    }

    public void Configure(HttpsConnectionAdapterOptions https)
    {
        https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
        https.ServerCertificateSelector = (_, _) => Current();
    }

    private X509Certificate2 Current()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_checked) > Period)
            {
                _checked = _time.GetTimestamp();
                Reload();
            }

            return _certificate;
        }
    }

    private void Reload()
    {
        if (Stamp() is var stamp && stamp == _seen)
        {
            return;
        }

        try
        {
            _certificate = Load();
            _seen = stamp;
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException)
        {
            // The two files are rarely replaced at the same instant: the next handshake looks again.
        }
    }

    private string Stamp() => ContentStamp.Of(_files.Certificate, _files.Key);

    private X509Certificate2 Load() => X509Certificate2.CreateFromPemFile(_files.Certificate, _files.Key);
}
