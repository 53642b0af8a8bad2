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
        // The silo that answers tells of its own file by itself.
        var told = seen.Configuration is { IsMainBroken: true, Errors: [var first, ..] errors }
            ? HostTroubles.Say(errors.Count, first.ToString()) : null;
        return seen.Processes
            .SelectMany(process => (process.Troubles ?? []).Select(
                trouble => (Process: $"{process.Kind} {process.Host}", Trouble: trouble)))
            .Where(one => one.Trouble.Kind != ProcessTroubleKind.Errors || one.Trouble.What != told)
            .GroupBy(one => (one.Trouble.Kind, one.Trouble.Subject, What: Alike(one.Trouble)))
            .Select(group => Describe(
                group.First().Trouble, Who([.. group.Select(one => one.Process).Distinct()]), group.Min(one => one.Trouble.Since)));
    }

    /// <summary>Of an authenticator each silo has its own reason, and it is one server.</summary>
    private static string Alike(ProcessTrouble trouble) => trouble.Kind == ProcessTroubleKind.Authenticator ? "" : trouble.What;

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
        _ => new Problem(
            Problems.Warning, $"{trouble.Subject} of {who}", trouble.What, since,
            "Mend the file that it names; what it held before stays in use, and it is read again within seconds.", Link) { Kind = Files },
    };
}
