using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Clustering.Kubernetes;

/// <summary>Many silos that write at once.</summary>
public sealed class MembershipContentionTests : MembershipTableContract
{
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Of_twenty_updates_at_once_each_gets_its_turn_and_no_write_is_lost(int conflictEvery)
    {
        StandIn?.ConflictEvery = conflictEvery;
        var entry = Entry();
        var first = (await Members.ReadAllAsync()).Version.Next();
        var inserted = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Members.InsertRowAsync(entry, first)));
        Assert.Single(inserted, done => done);
        await Task.WhenAll(Enumerable.Range(0, 19).Select(_ => Eventually.True(
            async () =>
            {
                var data = await Members.ReadAllAsync();
                var row = data.TryGet(entry.SiloAddress)!;
                return await Members.UpdateRowAsync(row.Item1, row.Item2, data.Version.Next());
            },
            "an update gets its turn", TimeSpan.FromSeconds(60))));
        var last = await Members.ReadAllAsync();
        Assert.Equal(20, last.Version.Version);
        Assert.Single(last.Members);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Twenty_silos_at_once_all_join(int conflictEvery)
    {
        StandIn?.ConflictEvery = conflictEvery;
        var entries = Enumerable.Range(0, 20).Select(_ => Entry(SiloStatus.Active)).ToList();
        await Task.WhenAll(entries.Select(entry => Eventually.True(
            async () => await Members.InsertRowAsync(
                entry, (await Members.ReadAllAsync()).Version.Next()), "a silo joins", TimeSpan.FromSeconds(60))));
        var all = await Members.ReadAllAsync();
        Assert.Equal(20, all.Version.Version);
        Assert.Equal(entries.Select(entry => entry.SiloAddress).ToHashSet(),
            all.Members.Select(member => member.Item1.SiloAddress).ToHashSet());
    }

    [Fact]
    public async Task A_write_that_never_gets_its_turn_is_refused_and_a_heartbeat_says_why()
    {
        if (StandIn is null)
        {
            // A real API server cannot be made to conflict for ever; what it says when it does is the same.
            return;
        }

        var entry = Entry();
        await Insert(entry);
        StandIn.ConflictEvery = 1;
        var data = await Members.ReadAllAsync();
        Assert.False(await Members.UpdateRowAsync(entry, data.Version.VersionEtag, data.Version.Next()));
        Assert.Contains("too many write at once",
            (await Assert.ThrowsAsync<OrleansException>(() => Members.UpdateIAmAliveAsync(entry))).Message);
    }

    [Fact]
    public async Task A_storm_of_heartbeats_costs_no_write()
    {
        StandIn?.ConflictEvery = 7;
        var entries = Enumerable.Range(0, 10).Select(_ => Entry(SiloStatus.Active)).ToList();
        foreach (var entry in entries)
        {
            await Insert(entry);
        }

        using var stop = new CancellationTokenSource();
        var beats = Task.WhenAll(entries.Select(async entry =>
        {
            while (!stop.IsCancellationRequested)
            {
                await Members.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = DateTime.UtcNow });
            }
        }));
        foreach (var entry in entries)
        {
            var data = await Members.ReadAllAsync();
            Assert.True(await Members.UpdateRowAsync(entry, data.Version.VersionEtag, data.Version.Next()));
        }

        await stop.CancelAsync();
        await beats;
    }
}
