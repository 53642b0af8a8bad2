using System.Globalization;
using System.Net;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>Between the rows of the resource and those of Orleans.</summary>
internal static class MemberRows
{
    /// <summary><c>ip_port_generation</c>; colons of IPv6 become dashes, so that it can stand in a JSON pointer.</summary>
    public static string KeyOf(SiloAddress silo) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{silo.Endpoint.Address.ToString().Replace(':', '-')}_{silo.Endpoint.Port}_{silo.Generation}");

    public static string Text(DateTime time) => time.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);

    public static MemberRow ToRow(MembershipEntry entry) => new()
    {
        Status = entry.Status.ToString(),
        SiloName = entry.SiloName ?? "",
        HostName = entry.HostName ?? "",
        RoleName = entry.RoleName ?? "",
        ProxyPort = entry.ProxyPort,
        UpdateZone = entry.UpdateZone,
        FaultZone = entry.FaultZone,
        StartTime = Text(entry.StartTime),
        Suspects = [.. (entry.SuspectTimes ?? []).Select(vote => new SuspectVote { Silo = KeyOf(vote.Item1), Time = Text(vote.Item2) })],
    };

    public static MembershipEntry ToEntry(string key, ClusterSpec cluster)
    {
        var row = cluster.Members[key];
        return new MembershipEntry
        {
            SiloAddress = AddressOf(key),
            Status = Enum.Parse<SiloStatus>(row.Status),
            SiloName = row.SiloName,
            HostName = row.HostName,
            RoleName = row.RoleName,
            ProxyPort = row.ProxyPort,
            UpdateZone = row.UpdateZone,
            FaultZone = row.FaultZone,
            StartTime = Time(row.StartTime),
            IAmAliveTime = Time(cluster.Heartbeats.GetValueOrDefault(key, row.StartTime)),
            SuspectTimes = [.. row.Suspects.Select(vote => Tuple.Create(AddressOf(vote.Silo), Time(vote.Time)))],
        };
    }

    private static SiloAddress AddressOf(string key)
    {
        var parts = key.Split('_');
        return SiloAddress.New(
            IPAddress.Parse(parts[0].Replace('-', ':')),
            int.Parse(parts[1], CultureInfo.InvariantCulture),
            int.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    private static DateTime Time(string text) =>
        DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind).ToUniversalTime();
}
