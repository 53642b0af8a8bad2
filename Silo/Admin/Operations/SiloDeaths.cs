using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Silo.Admin.Operations;

/// <summary>
/// Silos that others declared dead, by the membership of the cluster: the silo that keeps the last reports of all processes may be among
/// them, and then nothing else knows that it was there.
/// </summary>
internal sealed class SiloDeaths(IGrainFactory grains, TimeProvider time)
{
    /// <summary>How old what is known may be: the membership is read from its storage.</summary>
    private static readonly TimeSpan Reuse = TimeSpan.FromSeconds(10);

    /// <summary>As long as of any process that did not say that it ends.</summary>
    private static readonly TimeSpan Told = TimeSpan.FromHours(1);

    private Asked? _asked;

    /// <summary>The processes that report, and silos that were declared dead within the last hour and that none of those is.</summary>
    public async Task<IReadOnlyList<ProcessStatus>> Add(IReadOnlyList<ProcessStatus> reported)
    {
        var asked = Volatile.Read(ref _asked);
        if (asked is null || asked.Members.IsFaulted || (asked.Members.IsCompleted && time.GetElapsedTime(asked.At) >= Reuse))
        {
            asked = new Asked(time.GetTimestamp(), grains.GetGrain<IManagementGrain>(0).GetDetailedHosts(onlyActive: false));
            Volatile.Write(ref _asked, asked);
        }

        return [.. reported, .. Among(await asked.Members, reported, time.GetUtcNow())];
    }

    /// <summary>Those among the members of a cluster.</summary>
    public static IEnumerable<ProcessStatus> Among(
        IReadOnlyList<MembershipEntry> members, IReadOnlyList<ProcessStatus> reported, DateTimeOffset now)
    {
        foreach (var dead in members.Where(member => member.Status == SiloStatus.Dead))
        {
            // One that leaves by itself, however, is its own and only witness.
            var votes = (dead.SuspectTimes ?? []).Where(vote => !vote.Item1.Equals(dead.SiloAddress)).Select(vote => vote.Item2).ToList();
            if (votes.Count == 0)
            {
                continue;
            }

            var at = new DateTimeOffset(DateTime.SpecifyKind(votes.Max(), DateTimeKind.Utc));
            if (now - at < Told && !members.Any(member => Replaces(member, dead)) && !reported.Any(process => Is(process, dead)))
            {
                yield return new ProcessStatus(
                    "silo", dead.HostName, "", new DateTimeOffset(DateTime.SpecifyKind(dead.StartTime, DateTimeKind.Utc)), "",
                    (int)(now - at).TotalSeconds) { SilentSince = at };
            }
        }
    }

    /// <summary>Whether a silo was started in the place of another one.</summary>
    private static bool Replaces(MembershipEntry member, MembershipEntry dead) => member.Status == SiloStatus.Active
        && member.StartTime > dead.StartTime
        && (member.SiloAddress.Endpoint.Equals(dead.SiloAddress.Endpoint)
            || (member.SiloName == dead.SiloName && member.HostName == dead.HostName));

    /// <summary>Whether a process that reported is a silo: it tells the time of its start itself.</summary>
    private static bool Is(ProcessStatus process, MembershipEntry dead) => process is { Kind: not "gateway", SilentSince: not null }
        && process.Host == dead.HostName && (process.Started - dead.StartTime).Duration() < TimeSpan.FromMinutes(1);

    private sealed record Asked(long At, Task<MembershipEntry[]> Members);
}
