using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults.Operations;

/// <summary>What is wrong with this host while it goes on, as it is reported.</summary>
public sealed class HostSight(HostStart start, AuditLog audit, TimeProvider time)
{
    /// <summary>What is wrong with its main file, and since when; <c>null</c> for nothing.</summary>
    public (string What, DateTimeOffset? Since)? Files => HostTroubles.OfFiles(start);

    /// <summary>The other files of the configuration that are not in use as they are.</summary>
    public IEnumerable<(string Part, bool IsKept, string What, DateTimeOffset? Since)> Parts => HostTroubles.OfParts(start);

    /// <summary>What is wrong with its audit log, and since when; <c>null</c> for nothing.</summary>
    public (string What, DateTimeOffset? Since)? Audit => audit.Trouble;

    /// <summary>What it takes up after a restart alone; <c>null</c> for nothing.</summary>
    public string? Restart => HostTroubles.OfRestart(start);

    /// <summary>Certificates that should be replaced, by their sections.</summary>
    public IEnumerable<(string Section, string What)> Certificates => HostTroubles.OfCertificates(time);
}
