using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using RegistryProxy.Clustering.Kubernetes.Membership;

namespace RegistryProxy.Tests.Clustering.Kubernetes;

/// <summary>
/// The contract of Orleans membership over Kubernetes: against the API server of <c>KUBECONFIG</c> when that is set (the custom resource
/// must be defined there), else against a strict stand-in.
/// </summary>
public sealed class MembershipTableTests : MembershipTableContract
{
    [Fact]
    public async Task A_new_table_is_empty_at_version_0()
    {
        var data = await Members.ReadAllAsync();
        Assert.Empty(data.Members);
        Assert.Equal(0, data.Version.Version);
        Assert.NotNull(data.Version.VersionEtag);
    }

    [Fact]
    public async Task Twenty_may_initialise_at_once_and_again_and_nothing_is_lost()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Table("other").InitializeMembershipTableAsync(true)));
        var table = Table("other");
        Assert.True(await table.InsertRowAsync(Entry(), (await table.ReadAllAsync()).Version.Next()));
        await table.InitializeMembershipTableAsync(true);
        Assert.Single((await table.ReadAllAsync()).Members);
        await table.DeleteMembershipTableEntriesAsync("other");
        await Assert.ThrowsAsync<ArgumentException>(() => table.DeleteMembershipTableEntriesAsync("another"));
    }

    [Fact]
    public async Task A_missing_table_and_an_outage_throw_and_are_never_an_empty_table()
    {
        var missing = Table("missing");
        await Assert.ThrowsAnyAsync<Exception>(() => missing.ReadAllAsync());
        await Assert.ThrowsAnyAsync<Exception>(() => missing.InsertRowAsync(Entry(), new TableVersion(1, "0")));
        if (StandIn is { } api)
        {
            api.IsAway = true;
            await Assert.ThrowsAnyAsync<Exception>(() => Members.ReadAllAsync());
            await Assert.ThrowsAnyAsync<Exception>(() => Members.InsertRowAsync(Entry(), new TableVersion(1, "0")));
            await Assert.ThrowsAnyAsync<Exception>(() => Members.UpdateIAmAliveAsync(Entry()));
            api.IsAway = false;
        }
    }

    [Fact]
    public async Task A_row_is_inserted_once_with_a_step_of_the_version()
    {
        var next = (await Members.ReadAllAsync()).Version.Next();
        var entry = Entry();
        Assert.True(await Members.InsertRowAsync(entry, next));
        Assert.False(await Members.InsertRowAsync(entry, next));
        Assert.False(await Members.InsertRowAsync(Entry(), next));
        var data = await Members.ReadAllAsync();
        Assert.Equal(1, data.Version.Version);
        Assert.Single(data.Members);
        Assert.False(await Members.InsertRowAsync(entry, data.Version.Next()));
        Assert.False(await Members.InsertRowAsync(Entry(), new TableVersion(3, data.Version.VersionEtag)));
    }

    [Fact]
    public async Task What_was_inserted_is_read_row_by_row_and_as_a_whole()
    {
        var entries = Enumerable.Range(0, 5).Select(_ => Entry()).ToList();
        foreach (var entry in entries)
        {
            entry.SuspectTimes = [Tuple.Create(Entry().SiloAddress, entry.StartTime.AddSeconds(1))];
            await Insert(entry);
        }

        var row = await Members.ReadRowAsync(entries[2].SiloAddress);
        Assert.Equal(entries[2].ToFullString(), Assert.Single(row.Members).Item1.ToFullString());
        Assert.Equal(5, row.Version.Version);
        var all = await Members.ReadAllAsync();
        Assert.Equal(entries.Select(entry => entry.ToFullString()).Order(),
            all.Members.Select(member => member.Item1.ToFullString()).Order());
        Assert.Empty((await Members.ReadRowAsync(Entry().SiloAddress)).Members);
    }

    [Fact]
    public async Task A_row_is_updated_by_whoever_read_the_last_version_alone()
    {
        for (var i = 1; i < 6; i++)
        {
            var entry = Entry();
            await Insert(entry);
            var data = await Members.ReadAllAsync();
            var etag = data.TryGet(entry.SiloAddress)!.Item2;
            entry.Status = SiloStatus.Active;
            entry.SuspectTimes = [Tuple.Create(Entry().SiloAddress, entry.StartTime.AddSeconds(i))];
            Assert.False(await Members.UpdateRowAsync(entry, etag, new TableVersion(data.Version.Version, "stale")));
            var next = data.Version.Next();
            Assert.True(await Members.UpdateRowAsync(entry, etag, next));
            Assert.False(await Members.UpdateRowAsync(entry, etag, next));
            data = await Members.ReadAllAsync();
            Assert.Equal(next.Version, data.Version.Version);
            Assert.Equal(entry.ToFullString(), data.TryGet(entry.SiloAddress)!.Item1.ToFullString());
            Assert.False(await Members.UpdateRowAsync(Entry(), data.Version.VersionEtag, data.Version.Next()));
        }
    }

    [Fact]
    public async Task A_heartbeat_moves_neither_the_version_nor_what_was_read_before()
    {
        var entry = Entry(SiloStatus.Active);
        await Insert(entry);
        var before = await Members.ReadRowAsync(entry.SiloAddress);
        var alive = entry.IAmAliveTime.AddSeconds(30);
        await Members.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = alive });
        var after = await Members.ReadRowAsync(entry.SiloAddress);
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(alive, after.Members[0].Item1.IAmAliveTime);
        Assert.Equal(SiloStatus.Active, after.Members[0].Item1.Status);
        entry.Status = SiloStatus.ShuttingDown;
        Assert.True(await Members.UpdateRowAsync(entry, before.Members[0].Item2, before.Version.Next()));
        await Assert.ThrowsAsync<OrleansException>(() => Members.UpdateIAmAliveAsync(Entry()));
    }

    [Fact]
    public async Task Only_rows_that_died_long_ago_are_cleaned_up()
    {
        foreach (var status in Enum.GetValues<SiloStatus>())
        {
            await Insert(Aged(Entry(status)));
        }

        var suspected = Aged(Entry(SiloStatus.Dead));
        suspected.SuspectTimes = [Tuple.Create(Entry().SiloAddress, DateTime.UtcNow)];
        await Insert(suspected);
        await Insert(Entry(SiloStatus.Dead));
        var before = await Members.ReadAllAsync();
        await Members.CleanupDefunctSiloEntriesAsync(DateTimeOffset.UtcNow.AddDays(-7));
        var after = await Members.ReadAllAsync();
        Assert.Equal(before.Members.Count - 1, after.Members.Count);
        Assert.Equal(before.Version, after.Version);

        static MembershipEntry Aged(MembershipEntry entry)
        {
            entry.StartTime = entry.IAmAliveTime = entry.StartTime.AddDays(-10);
            return entry;
        }
    }

    [Fact]
    public async Task Gateways_are_active_silos_with_a_port_for_clients()
    {
        var entries = Enumerable.Range(0, 10).Select(_ => Entry()).ToList();
        entries[3].Status = entries[5].Status = entries[9].Status = SiloStatus.Active;
        entries[3].ProxyPort = 0;
        foreach (var entry in entries)
        {
            await Insert(entry);
        }

        var gateways = await new KubernetesGatewayListProvider(Store(Cluster), Options.Create(new GatewayOptions())).GetGateways();
        Assert.Equal(2, gateways.Count);
        Assert.All(gateways, gateway => Assert.Equal(30000, gateway.Port));
    }

    [Fact]
    public async Task An_address_of_ipv6_is_a_key_like_any_other()
    {
        var entry = Entry();
        entry.SiloAddress = SiloAddress.New(IPAddress.Parse("fd00::1:2"), 11111, 7);
        await Insert(entry);
        await Members.UpdateIAmAliveAsync(entry);
        Assert.Equal(entry.SiloAddress, Assert.Single((await Members.ReadAllAsync()).Members).Item1.SiloAddress);
    }
}
