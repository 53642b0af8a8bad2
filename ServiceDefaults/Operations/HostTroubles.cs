using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files;
using RegistryProxy.ServiceDefaults.Certificates;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults.Operations;

/// <summary>What is wrong with the files of a host while it goes on.</summary>
public static class HostTroubles
{
    /// <summary>So long before its end a certificate is told of at the earliest.</summary>
    private static readonly TimeSpan EndsSoon = TimeSpan.FromDays(7);

    /// <summary>Of its life; who renews one that lives for days has done so by then.</summary>
    private const int LastPart = 4;

    /// <summary>
    /// What is wrong with its configuration as it is in the files now, with the first place, and since when; <c>null</c> while they are in
    /// use.
    /// </summary>
    public static (string What, DateTimeOffset? Since)? OfFiles(HostStart start) =>
        start.Source is ConfigurationWatcher { IsMainBroken: true, LastErrors: [var first, ..] errors } watcher
            ? (Say(errors.Count, first.ToString()), watcher.BrokenSince) : null;

    /// <summary>The files beside the main one, and parts of tenants, that are not in use as they are now.</summary>
    public static IEnumerable<(string Part, bool IsKept, string What, DateTimeOffset? Since)> OfParts(HostStart start) =>
        start.Source is ConfigurationWatcher watcher
            ? watcher.LastFaults.Select(fault => (fault.Part, fault.IsKept, Say(fault), watcher.BrokenSince)) : [];

    /// <summary>What a host that goes on takes up after a restart alone; <c>null</c> when there is no such change.</summary>
    public static string? OfRestart(HostStart start) => start.Source is ConfigurationWatcher { NeedsRestart: { Count: > 0 } sections }
        ? $"Changes of {string.Join(", ", sections)} are not in use yet." : null;

    /// <summary>Certificates that cannot be replaced by what is in their files, have no life, or should have been renewed.</summary>
    public static IEnumerable<(string Section, string What)> OfCertificates(TimeProvider time)
    {
        var now = time.GetUtcNow();
        foreach (var (section, certificate, refused) in CertificatesInUse.Look())
        {
            var end = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
            var what = refused is not null
                    ? $"The changed files of {section} are not used: {refused}. The certificate until {end:u} stays in use."
                : CertificateFiles.ProblemAt(now, certificate) is { } problem ? $"The certificate of {section} is of no use: {problem}."
                : IsEnding(now, certificate) ? $"The certificate of {section} ends at {end:u}." : null;
            if (what is not null)
            {
                yield return (section, what);
            }
        }
    }

    /// <summary>Whether a certificate should have been renewed: the last quarter of its life has begun, and its last week.</summary>
    internal static bool IsEnding(DateTimeOffset now, X509Certificate2 certificate)
    {
        var (begin, end) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return end - now.UtcDateTime is var left && left < EndsSoon && left < (end - begin) / LastPart;
    }

    /// <summary>The sentence of a file beside the main one.</summary>
    public static string Say(PartFault fault) =>
        $"{fault.File} has {fault.Errors.Count} error{(fault.Errors.Count == 1 ? "" : "s")}: " +
        $"{(fault.Errors.Count > 0 ? fault.Errors[0].ToString() : "")}";

    /// <summary>The sentence of files with errors.</summary>
    public static string Say(int errors, string first) =>
        $"The configuration file has {errors} error{(errors == 1 ? "" : "s")} and is not in use: {first}";
}
