using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>Who fetches: one at a time, until it fails, gives up, or has had the blob for an hour.</summary>
public sealed class FetchGrainTests
{
    private const string Yaml = """
        upstreams: { up: { url: "https://up.example" } }
        tenants:
          acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }], access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }] }
        """;

    private static readonly FetchMember First = new("first", new Uri("https://10.0.0.1:5002"), "c1");
    private static readonly FetchMember Second = new("second", new Uri("https://10.0.0.2:5002"), "c2");
    private static readonly FetchMember Third = new("third", new Uri("https://10.0.0.3:5002"), "c3");

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task One_of_many_is_elected_and_the_others_are_told_of_it()
    {
        await using var cluster = await GrainCluster.Start(Yaml, silos: 2, time: _time);
        var members = Enumerable.Range(0, 200).Select(i => new FetchMember($"g{i}", new Uri($"https://10.0.1.{i}:5002"), "c")).ToList();
        var elections = await Task.WhenAll(members.Select(member => Elect(cluster, member)));
        var elected = members[Array.FindIndex(elections, election => election.Holder is null)];
        Assert.Equal(199, elections.Count(election => election.Holder == elected && election.Ticket is not null));
        Assert.Single(elections.Select(election => election.Term).Distinct());
        Assert.Equal(199, elections.Where(election => election.Ticket is not null).Select(election => election.Ticket!.Reveal())
            .Distinct().Count());
    }

    [Fact]
    public async Task Who_fails_is_named_no_more_and_a_late_word_of_it_does_not_count()
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var grain = Grain(cluster);
        var first = await grain.Elect(First, null);
        Assert.Null((await grain.Elect(First, null)).Holder);
        Assert.Equal(First, (await grain.Elect(Second, "somebody")).Holder);
        var second = await grain.Elect(Second, First.Id);
        Assert.Null(second.Holder);
        Assert.Equal(Second, (await grain.Elect(Third, First.Id)).Holder);

        // The first one was only slow.
        await grain.End(first.Term, kept: false);
        Assert.Equal(Second, (await grain.Elect(Third, null)).Holder);
        await grain.End(second.Term, kept: false);
        Assert.Null((await grain.Elect(Third, null)).Holder);
    }

    [Fact]
    public async Task What_is_kept_is_read_for_an_hour_and_what_is_downloading_for_as_long_as_that_takes()
    {
        await using var cluster = await GrainCluster.Start(Yaml, time: _time);
        var grain = Grain(cluster);
        var first = await grain.Elect(First, null);
        _time.Advance(TimeSpan.FromHours(3));
        Assert.Equal(First, (await grain.Elect(Second, null)).Holder);
        await grain.End(first.Term, kept: true);
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(First, (await grain.Elect(Second, null)).Holder);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Null((await grain.Elect(Second, null)).Holder);
        Assert.Equal(Second, (await grain.Elect(First, null)).Holder);
    }

    /// <summary>Asked twice it says the same, and a busy machine may be late.</summary>
    private static async Task<FetchElection> Elect(GrainCluster cluster, FetchMember member)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await Grain(cluster).Elect(member, null);
            }
            catch (TimeoutException) when (attempt < 5)
            {
                // Once more.
            }
        }
    }

    private static IFetchGrain Grain(GrainCluster cluster) => cluster.Client.GetGrain<IFetchGrain>(
        new FetchKey("acme", "up https://up.example/ ", RepositoryName.Parse("a/b"),
            Digest.Parse("sha256:" + new string('a', 64))).ToString());
}
