using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using RegistryProxy.Clustering.Kubernetes;
using RegistryProxy.Clustering.Kubernetes.Membership;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Clustering.Kubernetes;

/// <summary>
/// The contract of Orleans membership over Kubernetes: against the API server of <c>KUBECONFIG</c> when that is set (the custom resource must be
/// defined there), else against a strict stand-in.
/// </summary>
public sealed class MembershipTableTests : IAsyncLifetime
{
    private static int s_generation;

    private readonly string _cluster = $"c{Guid.NewGuid():N}"[..12];
    private readonly TemporaryFolder _folder = new();
    private KubernetesApi? _standIn;
    private KubernetesMembershipTable _table = null!;

    private static bool IsReal => Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 };

    public async ValueTask InitializeAsync()
    {
        _folder.Write("token", KubernetesApi.Token);
        _standIn = IsReal ? null : await KubernetesApi.Start();
        _table = Table();
        await _table.InitializeMembershipTableAsync(true);
    }

    public async ValueTask DisposeAsync()
    {
        await _table.DeleteMembershipTableEntriesAsync(_cluster);
        if (_standIn is not null)
        {
            await _standIn.DisposeAsync();
        }

        _folder.Dispose();
    }

    [Fact]
    public async Task A_new_table_is_empty_at_version_0()
    {
        var data = await _table.ReadAllAsync();
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
        if (_standIn is { } api)
        {
            api.IsAway = true;
            await Assert.ThrowsAnyAsync<Exception>(() => _table.ReadAllAsync());
            await Assert.ThrowsAnyAsync<Exception>(() => _table.InsertRowAsync(Entry(), new TableVersion(1, "0")));
            await Assert.ThrowsAnyAsync<Exception>(() => _table.UpdateIAmAliveAsync(Entry()));
            api.IsAway = false;
        }
    }

    [Fact]
    public async Task A_row_is_inserted_once_with_a_step_of_the_version()
    {
        var next = (await _table.ReadAllAsync()).Version.Next();
        var entry = Entry();
        Assert.True(await _table.InsertRowAsync(entry, next));
        Assert.False(await _table.InsertRowAsync(entry, next));
        Assert.False(await _table.InsertRowAsync(Entry(), next));
        var data = await _table.ReadAllAsync();
        Assert.Equal(1, data.Version.Version);
        Assert.Single(data.Members);
        Assert.False(await _table.InsertRowAsync(entry, data.Version.Next()));
        Assert.False(await _table.InsertRowAsync(Entry(), new TableVersion(3, data.Version.VersionEtag)));
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

        var row = await _table.ReadRowAsync(entries[2].SiloAddress);
        Assert.Equal(entries[2].ToFullString(), Assert.Single(row.Members).Item1.ToFullString());
        Assert.Equal(5, row.Version.Version);
        var all = await _table.ReadAllAsync();
        Assert.Equal(entries.Select(entry => entry.ToFullString()).Order(), all.Members.Select(member => member.Item1.ToFullString()).Order());
        Assert.Empty((await _table.ReadRowAsync(Entry().SiloAddress)).Members);
    }

    [Fact]
    public async Task A_row_is_updated_by_whoever_read_the_last_version_alone()
    {
        for (var i = 1; i < 6; i++)
        {
            var entry = Entry();
            await Insert(entry);
            var data = await _table.ReadAllAsync();
            var etag = data.TryGet(entry.SiloAddress)!.Item2;
            entry.Status = SiloStatus.Active;
            entry.SuspectTimes = [Tuple.Create(Entry().SiloAddress, entry.StartTime.AddSeconds(i))];
            Assert.False(await _table.UpdateRowAsync(entry, etag, new TableVersion(data.Version.Version, "stale")));
            var next = data.Version.Next();
            Assert.True(await _table.UpdateRowAsync(entry, etag, next));
            Assert.False(await _table.UpdateRowAsync(entry, etag, next));
            data = await _table.ReadAllAsync();
            Assert.Equal(next.Version, data.Version.Version);
            Assert.Equal(entry.ToFullString(), data.TryGet(entry.SiloAddress)!.Item1.ToFullString());
            Assert.False(await _table.UpdateRowAsync(Entry(), data.Version.VersionEtag, data.Version.Next()));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task Of_twenty_silos_at_once_each_gets_its_turn_and_no_write_is_lost(int conflictEvery)
    {
        _standIn?.ConflictEvery = conflictEvery;
        var entry = Entry();
        var first = (await _table.ReadAllAsync()).Version.Next();
        var inserted = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _table.InsertRowAsync(entry, first)));
        Assert.Single(inserted, done => done);
        await Task.WhenAll(Enumerable.Range(0, 19).Select(_ => Eventually.True(
            async () =>
            {
                var data = await _table.ReadAllAsync();
                var row = data.TryGet(entry.SiloAddress)!;
                return await _table.UpdateRowAsync(row.Item1, row.Item2, data.Version.Next());
            },
            "an update gets its turn", TimeSpan.FromSeconds(60))));
        var last = await _table.ReadAllAsync();
        Assert.Equal(20, last.Version.Version);
        Assert.Single(last.Members);
    }

    [Fact]
    public async Task A_heartbeat_moves_neither_the_version_nor_what_was_read_before()
    {
        var entry = Entry(SiloStatus.Active);
        await Insert(entry);
        var before = await _table.ReadRowAsync(entry.SiloAddress);
        var alive = entry.IAmAliveTime.AddSeconds(30);
        await _table.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = alive });
        var after = await _table.ReadRowAsync(entry.SiloAddress);
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(alive, after.Members[0].Item1.IAmAliveTime);
        Assert.Equal(SiloStatus.Active, after.Members[0].Item1.Status);
        entry.Status = SiloStatus.ShuttingDown;
        Assert.True(await _table.UpdateRowAsync(entry, before.Members[0].Item2, before.Version.Next()));
        await Assert.ThrowsAsync<OrleansException>(() => _table.UpdateIAmAliveAsync(Entry()));
    }

    [Fact]
    public async Task A_storm_of_heartbeats_costs_no_write()
    {
        _standIn?.ConflictEvery = 7;
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
                await _table.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = DateTime.UtcNow });
            }
        }));
        foreach (var entry in entries)
        {
            var data = await _table.ReadAllAsync();
            Assert.True(await _table.UpdateRowAsync(entry, data.Version.VersionEtag, data.Version.Next()));
        }

        await stop.CancelAsync();
        await beats;
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
        var before = await _table.ReadAllAsync();
        await _table.CleanupDefunctSiloEntriesAsync(DateTimeOffset.UtcNow.AddDays(-7));
        var after = await _table.ReadAllAsync();
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

        var gateways = await new KubernetesGatewayListProvider(Store(_cluster), Options.Create(new GatewayOptions())).GetGateways();
        Assert.Equal(2, gateways.Count);
        Assert.All(gateways, gateway => Assert.Equal(30000, gateway.Port));
    }

    [Fact]
    public async Task An_address_of_ipv6_is_a_key_like_any_other()
    {
        var entry = Entry();
        entry.SiloAddress = SiloAddress.New(IPAddress.Parse("fd00::1:2"), 11111, 7);
        await Insert(entry);
        await _table.UpdateIAmAliveAsync(entry);
        Assert.Equal(entry.SiloAddress, Assert.Single((await _table.ReadAllAsync()).Members).Item1.SiloAddress);
    }

    private static MembershipEntry Entry(SiloStatus status = SiloStatus.Joining)
    {
        var now = DateTime.UtcNow;
        now = new DateTime(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);
        return new MembershipEntry
        {
            SiloAddress = SiloAddress.New(IPAddress.Loopback, 12345, Interlocked.Increment(ref s_generation)),
            HostName = "host", SiloName = "silo", RoleName = "role", Status = status, ProxyPort = 30000, StartTime = now, IAmAliveTime = now,
        };
    }

    private async Task Insert(MembershipEntry entry) =>
        Assert.True(await _table.InsertRowAsync(entry, (await _table.ReadAllAsync()).Version.Next()));

    private KubernetesMembershipTable Table(string? cluster = null) => new(Store(cluster ?? _cluster), Names(cluster ?? _cluster));

    private ClusterResourceStore Store(string cluster) => new(
        new ApiServer(Options.Create(new KubernetesClusteringOptions
        {
            Namespace = "default", Server = _standIn?.Url, TokenFile = IsReal ? null : _folder.File("token"),
        })),
        Names(cluster),
        TimeProvider.System);

    private static IOptions<ClusterOptions> Names(string cluster) => Options.Create(new ClusterOptions { ServiceId = "conformance", ClusterId = cluster });
}
