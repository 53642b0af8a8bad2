using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Operations;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>What processes say is wrong in them; what several say alike is one problem that names them.</summary>
internal static class ProcessProblems
{
    /// <summary>Processes that are named; the others are counted.</summary>
    private const int Named = 3;

    private const string Link = "#/cluster";

    private static readonly ProblemKind Certificates = new("certificate", "certificates", Link);
    private static readonly ProblemKind Files = new("files", "sections", Link);
    private static readonly ProblemKind Servers = new("authenticator", "authenticators", Link);

    public static IEnumerable<Problem> Of(ClusterSight seen)
    {
        // The silo that answers tells of its own files by itself.
        HashSet<string> told = [.. Own(seen.Configuration).Select(ProcessTrouble.Bounded)];
        return seen.Processes
            .SelectMany(process => (process.Troubles ?? []).Select(
                trouble => (Process: $"{process.Kind} {process.Host}", Trouble: trouble)))
            .Where(one => one.Trouble.Kind is not (ProcessTroubleKind.Errors or ProcessTroubleKind.Part or ProcessTroubleKind.Unusable)
                || !told.Contains(one.Trouble.What))
            .GroupBy(one => (one.Trouble.Kind, one.Trouble.Subject, What: Alike(one.Trouble)))
            .Select(group => Describe(
                group.First().Trouble, Who([.. group.Select(one => one.Process).Distinct()]), group.Min(one => one.Trouble.Since)));
    }

    private static IEnumerable<string> Own(ConfigurationSight sight)
    {
        if (sight is { IsMainBroken: true, Errors: [var first, ..] errors })
        {
            yield return HostTroubles.Say(errors.Count, first.ToString());
        }

        foreach (var fault in sight.Faults)
        {
            yield return HostTroubles.Say(fault);
        }
    }

    /// <summary>Of an authenticator each silo has its own reason, and it is one server; lost lines of the audit log have numbers.</summary>
    private static string Alike(ProcessTrouble trouble) =>
        trouble.Kind is ProcessTroubleKind.Authenticator or ProcessTroubleKind.Audit ? "" : trouble.What;

    private static string Who(List<string> processes) => processes.Count <= Named ? string.Join(", ", processes)
        : $"{string.Join(", ", processes.Take(Named))} and {processes.Count - Named} more";

    private static Problem Describe(ProcessTrouble trouble, string who, DateTimeOffset? since) => trouble.Kind switch
    {
        ProcessTroubleKind.Errors => new Problem(
            Problems.Critical, $"configuration of {who}", trouble.What, since,
            "Mend the file there; its last good configuration stays in use until then.", Link),
        ProcessTroubleKind.Conflict => new Problem(
            Problems.Critical, $"configuration of {who}", $"It is not ready: {trouble.What}.", since,
            "Do what it says, on the admin listener of any silo for the whole cluster.", Link),
        ProcessTroubleKind.Waiting => new Problem(
            Problems.Warning, $"configuration of {who}", $"An operator has to act: {trouble.What}.", since,
            "Do what it says, on the admin listener of any silo for the whole cluster; what the cluster follows stays in use.", Link),
        ProcessTroubleKind.Certificate => new Problem(
            Problems.Warning, $"certificate {trouble.Subject} of {who}", trouble.What, since,
            "Put a good one into its files; it is read again within seconds.", Link) { Kind = Certificates },
        ProcessTroubleKind.Authenticator => new Problem(
            Problems.Critical, $"authenticator {trouble.Subject}", $"Its server fails at {who}: {trouble.What}.", since,
            "Logins that it must decide get 503. Look after what the reason names: name server, route, certificate, or the server itself.",
            Link) { Kind = Servers },
        ProcessTroubleKind.Limits => new Problem(
            Problems.Warning, $"limits at {who}", $"They are kept in equal parts of all gateways, not by demand: {trouble.What}.", since,
            "Clients may get 429 before their limit is reached. Look after the silos; many addresses or identities that come once are a " +
            "flood, which the audit log names.", Link),
        ProcessTroubleKind.Part => new Problem(
            Problems.Warning, $"{PartOf(trouble)} of {who}", trouble.What, since,
            "Mend the file there; its last good text stays in use until then.", LinkOf(trouble)),
        ProcessTroubleKind.Unusable => new Problem(
            Problems.Critical, $"{PartOf(trouble)} of {who}", trouble.What, since,
            "Mend the file there; the hosts that depend on it answer 503 until then.", LinkOf(trouble)),
        ProcessTroubleKind.Audit => new Problem(
            Problems.Critical, $"audit log of {who}", trouble.What, since,
            "Look at the disk of audit.file; what is lost cannot be recovered, the log has the number.", Link),
        ProcessTroubleKind.State => new Problem(
            Problems.Critical, $"state of {who}", trouble.What, since,
            "A record was changed, swapped, or is under a key that the silo does not have: its log has an ALARM with the record. Give " +
            "the silo the key, or restore the record.", Link),
        ProcessTroubleKind.Restart => new Problem(
            Problems.Warning, $"configuration of {who}", trouble.What, since, "Restart the processes one after the other.", Link),
        _ => new Problem(
            Problems.Warning, $"{trouble.Subject} of {who}", trouble.What, since,
            "Mend the file that it names; what it held before stays in use, and it is read again within seconds.", Link) { Kind = Files },
    };

    private static string PartOf(ProcessTrouble trouble) =>
        PartText.TenantOf(trouble.Subject) is { } tenant ? $"tenant {tenant}" : PartText.PathOf(trouble.Subject) ?? trouble.Subject;

    private static string LinkOf(ProcessTrouble trouble) =>
        PartText.TenantOf(trouble.Subject) is { } tenant ? $"#/tenants/{Uri.EscapeDataString(tenant)}" : Link;
}
