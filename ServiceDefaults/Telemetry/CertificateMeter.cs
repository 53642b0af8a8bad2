using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.ServiceDefaults.Telemetry;

/// <summary>When the certificates in use end, by the section of the configuration that names them.</summary>
internal static class CertificateMeter
{
    private static readonly Meter Meter = new("RegistryProxy.Certificates");
    private static readonly ConcurrentDictionary<string, Func<X509Certificate2>> InUse = new();

    static CertificateMeter() => Meter.CreateObservableGauge(
        "registryproxy.certificate.expires",
        () => InUse.Select(entry => new Measurement<long>(
            new DateTimeOffset(entry.Value().NotAfter.ToUniversalTime()).ToUnixTimeSeconds(), new KeyValuePair<string, object?>("section", entry.Key))),
        "s", "The end of a certificate in use, in seconds since 1970");

    /// <summary>Shows a certificate from now on.</summary>
    public static void Watch(string section, Func<X509Certificate2> current) => InUse[section] = current;
}
