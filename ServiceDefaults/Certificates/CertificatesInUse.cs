using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Files;

namespace RegistryProxy.ServiceDefaults.Certificates;

/// <summary>The certificates that this process shows, by the section of the configuration that names them, and when they end.</summary>
internal static class CertificatesInUse
{
    private static readonly Meter Meter = new("RegistryProxy.Certificates");
    private static readonly ConcurrentDictionary<string, Func<(X509Certificate2 Certificate, string? Problem)>> InUse = new();

    static CertificatesInUse()
    {
        Meter.CreateObservableGauge(
            "registryproxy.certificate.expires",
            () => InUse.Select(entry => new Measurement<long>(
                new DateTimeOffset(entry.Value().Certificate.NotAfter.ToUniversalTime())
                    .ToUnixTimeSeconds(), new KeyValuePair<string, object?>("section", entry.Key))),
            "s", "The end of a certificate in use, in seconds since 1970");
        Meter.CreateObservableGauge(
            "registryproxy.certificate.starts",
            () => InUse.Select(entry => new Measurement<long>(
                new DateTimeOffset(entry.Value().Certificate.NotBefore.ToUniversalTime())
                    .ToUnixTimeSeconds(), new KeyValuePair<string, object?>("section", entry.Key))),
            "s", "The beginning of a certificate in use, in seconds since 1970");
        Meter.CreateObservableGauge(
            "registryproxy.certificate.refused",
            () => InUse.Select(entry => new Measurement<int>(
                entry.Value().Problem is null ? 0 : 1, new KeyValuePair<string, object?>("section", entry.Key))),
            null, "Whether changed files of a certificate are not used, because they cannot be");
    }

    /// <summary>Shows a certificate from now on, and why changed files are not used.</summary>
    public static void Watch(string section, Func<(X509Certificate2 Certificate, string? Problem)> look) => InUse[section] = look;

    /// <summary>All of them as they are now.</summary>
    public static IEnumerable<(string Section, X509Certificate2 Certificate, string? Problem)> Look() => InUse.Select(entry =>
    {
        var (certificate, problem) = entry.Value();
        return (entry.Key, certificate, problem);
    });

    /// <summary>Why a certificate must not replace another one: it has no life now, and the other one has.</summary>
    public static string? Refuse(X509Certificate2 known, X509Certificate2 next, TimeProvider time) =>
        CertificateFiles.ProblemAt(time.GetUtcNow(), known) is null ? CertificateFiles.ProblemAt(time.GetUtcNow(), next) : null;
}
