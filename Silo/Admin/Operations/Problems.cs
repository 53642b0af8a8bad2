using System.Text.Json.Serialization;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.ServiceDefaults.Operations;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>Something that an operator should know.</summary>
/// <param name="Severity"><c>critical</c>: somebody is not served; <c>warning</c>: somebody may not be soon.</param>
/// <param name="Subject">What has it: <c>upstream hub</c>.</param>
/// <param name="What">What is wrong.</param>
/// <param name="Since">Since when; <c>null</c> where that is not known.</param>
/// <param name="Advice">What to do.</param>
/// <param name="Link">Where the page shows more.</param>
internal sealed record Problem(string Severity, string Subject, string What, DateTimeOffset? Since, string Advice, string Link)
{
    /// <summary>What it has in common with others; <c>null</c> when each is told by itself.</summary>
    [JsonIgnore]
    public ProblemKind? Kind { get; init; }
}

/// <summary>What problems are found in.</summary>
internal sealed record ClusterSight(
    string Version, ConfigurationSight Configuration, IReadOnlyList<UpstreamStatus> Upstreams, IReadOnlyList<CacheReport> Caches,
    IReadOnlyList<ProcessStatus> Processes, IReadOnlyList<Activity> Tenants)
{
    /// <summary>Which parts of this could not be asked, so that nothing is known to be wrong with them.</summary>
    public IReadOnlyList<string> Unknown { get; init; } = [];

    /// <summary>What the silo that answers knows of the storage of the state; <c>null</c> while it works.</summary>
    public StorageOutage? Storage { get; init; }

    /// <summary>The clock of that silo.</summary>
    public DateTimeOffset Now { get; init; }
}

/// <summary>Finds what is wrong now, the worst first.</summary>
internal static class Problems
{
    /// <summary>Somebody is not served.</summary>
    public const string Critical = "critical";

    /// <summary>Somebody may not be soon.</summary>
    public const string Warning = "warning";

    /// <summary>The most that are told of; the others are counted.</summary>
    private const int MaxProblems = 50;

    private static readonly ProblemKind Refused = new("refused", "upstreams", "#/upstreams");
    private static readonly ProblemKind Failing = new("failing", "upstreams", "#/upstreams");
    private static readonly ProblemKind Storage = new("storage", "upstreams", "#/upstreams");
    private static readonly ProblemKind Part = new("part", "upstreams", "#/upstreams");
    private static readonly ProblemKind Denied = new("denied", "upstreams", "#/upstreams");
    private static readonly ProblemKind Limited = new("limited", "upstreams", "#/upstreams");
    private static readonly ProblemKind Behind = new("behind", "processes", "#/cluster");
    private static readonly ProblemKind Erring = new("errors", "tenants", "#/tenants?by=errors");

    /// <summary>Of what a library says of a failure, in characters.</summary>
    private const int MaxFault = 160;

    /// <summary>From which part of its requests on errors of a tenant are told, if there is one in ten seconds.</summary>
    private const double Share = 0.05;

    private const string StorageAdvice =
        "The upstream and its credential are well. Look after the host that it names: name server, firewall, certificate, redirectHosts, " +
        "the permissions of the bucket, the clock (signed addresses end).";

    private const string UnknownAdvice =
        "A silo that hangs or has just ended is replaced within a minute. If it stays, look at the logs of the silos.";

    public static IReadOnlyList<Problem> Of(ClusterSight seen)
    {
        var each = OfStorage(seen).Concat(OfConfiguration(seen.Configuration)).Concat(seen.Upstreams.SelectMany(OfUpstream))
            .Concat(seen.Caches.SelectMany(OfCache))
            .Concat(OfProcesses(seen.Processes, seen.Version)).Concat(ProcessProblems.Of(seen))
            .Concat(seen.Tenants.SelectMany(OfTenant)).Concat(OfUnknown(seen))
            .OrderBy(problem => problem.Severity == Critical ? 0 : 1).ThenBy(problem => problem.Since ?? DateTimeOffset.MaxValue)
            .ToList();
        List<Problem> all = [.. ProblemGroups.Of(each)];
        return all.Count <= MaxProblems ? all : [.. all.Take(MaxProblems - 1), Rest(all[(MaxProblems - 1)..])];
    }

    private static Problem Rest(List<Problem> more) => new(
        more[0].Severity, "more",
        $"There are {more.Count} more problems, {more.Count(problem => problem.Severity == Critical)} of them critical.", null,
        "Mend those above first: one cause often has many effects. Upstreams and tenants that fail are first in their lists.",
        "#/upstreams");

    private static IEnumerable<Problem> OfUnknown(ClusterSight seen)
    {
        foreach (var part in seen.Unknown)
        {
            yield return new Problem(
                Critical, "cluster", $"Not known now: {part}. Who keeps that does not answer.", null,
                UnknownAdvice, "#/cluster");
        }

        var unasked = seen.Upstreams.Count(upstream => upstream.State == UpstreamEndpoints.Unknown);
        if (unasked > 0)
        {
            yield return new Problem(
                Critical, "upstreams", $"{Count(unasked, "upstream")} could not be asked for their state.", null,
                UnknownAdvice, "#/upstreams");
        }
    }

    private static IEnumerable<Problem> OfStorage(ClusterSight seen)
    {
        if (seen.Storage is { } outage)
        {
            var fault = outage.Fault.Length > MaxFault ? $"{outage.Fault[..MaxFault]} …" : outage.Fault;
            yield return new Problem(
                Critical, "state storage", $"{Count(outage.Failures, "call")} failed, the last one with {fault}", seen.Now - outage.Lasts,
                "Look at Redis, or at the folder and the disk of the state: until it works nobody gets a new session and nothing is " +
                "revoked. Nothing needs a restart.", "#/cluster");
        }
    }

    private static IEnumerable<Problem> OfConfiguration(ConfigurationSight sight)
    {
        // The file can be mended between two looks.
        if (sight.IsMainBroken && sight.Errors is { Count: > 0 } errors)
        {
            yield return new Problem(
                Critical, "configuration", HostTroubles.Say(errors.Count, errors[0].ToString()), sight.Since,
                "Mend the file; the last good configuration stays in use until then.", "#/cluster");
        }

        foreach (var fault in sight.Faults)
        {
            var tenant = RegistryProxy.Configuration.PartText.TenantOf(fault.Part);
            var isManaged = RegistryProxy.Configuration.PartText.IsManaged(fault.Part);
            var what = isManaged ? "Mend the part at /admin/configuration" : "Mend the file";
            yield return new Problem(
                fault.IsKept ? Warning : Critical, tenant is null ? fault.File : $"tenant {tenant}",
                HostTroubles.Say(fault),
                sight.Since,
                fault.IsKept ? $"{what}; its last good text stays in use until then."
                    : $"{what}; the hosts that depend on it answer 503 until then.",
                tenant is null ? "#/cluster" : $"#/tenants/{Uri.EscapeDataString(tenant)}");
        }
    }

    private static IEnumerable<Problem> OfUpstream(UpstreamStatus upstream)
    {
        var link = $"#/upstreams/{Uri.EscapeDataString(upstream.Upstream)}";
        if (upstream.State == "refused" && !HasRefusedAll(upstream))
        {
            yield return new Problem(
                Critical, $"upstream {upstream.Upstream}", $"It does not take the credential. {upstream.LastError}", upstream.FailingSince,
                $"Put the right one into {CredentialPlace.Of(upstream.Upstream)}; it is read again within seconds.", link)
                { Kind = Refused };
        }
        else if (upstream.State is not ("refused" or "limited" or "storage failing" or "failing in part")
            && (upstream.FailingSince is not null || upstream.Breaker != "closed"))
        {
            yield return new Problem(
                Critical, $"upstream {upstream.Upstream}", upstream.LastError ?? "Its requests are not answered",
                upstream.FailingSince, "Look after what the reason names: name server, route, certificate, or the upstream's own status " +
                "page. It is tried again every half second.", link) { Kind = Failing };
        }

        foreach (var trouble in upstream.Troubles ?? [])
        {
            if (trouble.Kind == UpstreamTrouble.Storage)
            {
                yield return new Problem(
                    Critical, $"upstream {upstream.Upstream}", trouble.What, trouble.Since, StorageAdvice, link) { Kind = Storage };
            }
            else if (trouble.Kind == UpstreamTrouble.Part)
            {
                yield return new Problem(
                    Warning, $"upstream {upstream.Upstream}", trouble.What, trouble.Since,
                    "Others are answered: look after that repository at the upstream.", link) { Kind = Part };
            }
            else if (trouble.Kind == UpstreamTrouble.Refuses)
            {
                yield return new Problem(
                    Warning, $"upstream {upstream.Upstream}", trouble.What, trouble.Since,
                    "Lines of the audit log whose reason begins with “upstream refused” have the repositories: grant the credential " +
                    "access to them, or remove them from the rules.", link) { Kind = Denied };
            }
        }

        var limit = upstream.Troubles?.FirstOrDefault(trouble => trouble.Kind == UpstreamTrouble.Limited);
        if (limit is not null || upstream.State == "limited"
            || upstream.Account is { ThrottledUntil: not null } or { Limit: > 0, Remaining: 0 })
        {
            var what = limit?.What ?? (upstream.State == "limited" ? upstream.LastError : null) ?? "Its rate limit is used up.";
            yield return new Problem(
                Warning, $"upstream {upstream.Upstream}", what,
                limit?.Since ?? (upstream.State == "limited" ? upstream.FailingSince : null),
                "Give it an account with a higher limit, or turn the cache of its routes on.", link) { Kind = Limited };
        }
    }

    /// <summary>Whether it refused what few asked for so far, which may be about that alone: anybody who asks can cause it.</summary>
    private static bool HasRefusedAll(UpstreamStatus upstream) => upstream.LastSuccess is null && upstream.Breaker == "closed"
        && upstream.Troubles?.Any(trouble => trouble.Kind == UpstreamTrouble.Refuses) == true;

    private static IEnumerable<Problem> OfCache(CacheReport cache)
    {
        if (cache.State != "ok")
        {
            yield return new Problem(
                Warning, $"cache of {cache.Gateway}", $"It is {cache.State}: the disk cannot be written, everything is streamed.", null,
                "Look at df and the mount of cache.path; the gateway tries again by itself.", "#/cache");
        }

        if (cache.Corrupt > 0)
        {
            yield return new Problem(
                Warning, $"cache of {cache.Gateway}", $"{Count(cache.Corrupt, "download")} did not have the bytes of their digest.", null,
                "Nobody got them. The log names upstream and digest: look after that upstream and the disk.", "#/cache");
        }
    }

    /// <summary>
    /// Silos whose files differ in the sections of the host alone use the same, and so do gateways that have it from one of them.
    /// </summary>
    private static IEnumerable<Problem> OfProcesses(IReadOnlyList<ProcessStatus> all, string version)
    {
        var shared = all.FirstOrDefault(process => process.Configuration == version)?.Shared ?? "";
        HashSet<string> same =
            [version, .. all.Where(process => shared.Length > 0 && process.Shared == shared).Select(process => process.Configuration)];
        return all.SelectMany(process => OfProcess(process, same, version));
    }

    private static IEnumerable<Problem> OfProcess(ProcessStatus process, HashSet<string> same, string version)
    {
        if (process.SilentSince is not null)
        {
            yield return new Problem(
                Critical, $"{process.Kind} {process.Host}", "It is silent, and did not say that it ends.",
                process.SilentSince, "Look at its supervisor and its log; the others go on without it. It leaves this list an hour after " +
                "its last report, or when it is started again.", "#/cluster");
        }
        else if (process.Configuration.Length > 0 && !same.Contains(process.Configuration))
        {
            yield return new Problem(
                Warning, $"{process.Kind} {process.Host}", $"It uses configuration {process.Configuration}, not {version}.", null,
                "That is so for seconds after a change. If it stays, its /readyz says why.", "#/cluster") { Kind = Behind };
        }
    }

    private static IEnumerable<Problem> OfTenant(Activity tenant)
    {
        var now = TenantNumbers.Of(tenant.PerSecond);
        if (now.Errors >= 0.1 && now.Errors > now.Requests * Share)
        {
            yield return new Problem(
                Warning, $"tenant {tenant.Name}",
                $"{Math.Ceiling(100 * now.Errors / now.Requests)} % of its requests of the last minute ended with a server error.", null,
                "Look at its upstreams, and at its lines of the audit log.", $"#/tenants/{Uri.EscapeDataString(tenant.Name)}")
                { Kind = Erring };
        }
    }

    private static string Count(long count, string thing) => count == 1 ? $"1 {thing}" : $"{count} {thing}s";
}
