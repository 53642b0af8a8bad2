using System.Net;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Silo.Admin.Operations;

namespace RegistryProxy.Tests.Grains;

/// <summary>A silo that died is told of, also when it was the one that knew all processes.</summary>
public sealed class SiloDeathsTests
{
    private static readonly DateTime Now = new(2026, 1, 2, 3, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void One_that_others_declared_dead_is_told_of_for_an_hour()
    {
        Assert.Equal([("s1", Now.AddMinutes(-5), 300)], Told([Member("s1", 1, SiloStatus.Dead, Now.AddMinutes(-5)), Member("s2", 2, SiloStatus.Active)]));
        Assert.Empty(Told([Member("s1", 1, SiloStatus.Dead, Now.AddMinutes(-61))]));
    }

    [Fact]
    public void One_that_left_by_itself_or_was_started_again_is_not()
    {
        Assert.Empty(Told([Member("s1", 1, SiloStatus.Dead)]));
        var left = Member("s1", 1, SiloStatus.Dead);
        left.SuspectTimes = [Tuple.Create(left.SiloAddress, Now.AddMinutes(-5))];
        Assert.Empty(Told([left]));
        left.SuspectTimes.Add(Tuple.Create(Member("s2", 2, SiloStatus.Active).SiloAddress, Now.AddMinutes(-4)));
        Assert.Equal([("s1", Now.AddMinutes(-4), 240)], Told([left]));
        Assert.Empty(Told([Member("s1", 1, SiloStatus.Dead, Now.AddMinutes(-5)), Member("s1", 1, SiloStatus.Active, started: 30)]));
        Assert.Empty(Told([Member("s1", 1, SiloStatus.Dead, Now.AddMinutes(-5)), Member("s1", 7, SiloStatus.Active, started: 30)]));
        Assert.Single(Told([Member("s1", 1, SiloStatus.Dead, Now.AddMinutes(-5)), Member("s2", 7, SiloStatus.Active, started: 30)]));
    }

    [Fact]
    public void One_that_is_known_to_be_silent_is_told_of_once()
    {
        var reported = new ProcessStatus("silo", "s1", "1", Now.AddHours(-2).AddSeconds(3), "v", 300) { SilentSince = Now.AddMinutes(-5) };
        MembershipEntry[] members = [Member("s1", 1, SiloStatus.Dead, Now.AddMinutes(-5))];
        Assert.Empty(SiloDeaths.Among(members, [reported], Now));
        Assert.Single(SiloDeaths.Among(members, [reported with { Host = "s2" }], Now));
    }

    private static List<(string, DateTime, int)> Told(IReadOnlyList<MembershipEntry> members) =>
        [.. SiloDeaths.Among(members, [], Now).Select(one => (one.Host, one.SilentSince!.Value.UtcDateTime, one.SilentSeconds))];

    private static MembershipEntry Member(string host, int port, SiloStatus status, DateTime? suspected = null, int started = 120) => new()
    {
        SiloAddress = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, port), started),
        HostName = host, SiloName = host, Status = status, StartTime = Now.AddMinutes(-started),
        SuspectTimes = suspected is { } at ? [Tuple.Create(SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 99), 1), at)] : [],
    };
}
