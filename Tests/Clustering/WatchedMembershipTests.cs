using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Silo.Clustering;

namespace RegistryProxy.Tests.Clustering;

/// <summary>
/// A membership that does not know this silo any more ends it; one that is away, that is read from a stale replica or that went back does
/// not.
/// </summary>
public sealed class WatchedMembershipTests : IDisposable
{
    private static readonly SiloAddress Own = SiloAddress.New(IPAddress.Loopback, 1001, 1);
    private static readonly SiloAddress Other = SiloAddress.New(IPAddress.Loopback, 1002, 1);

    private readonly Table _table = new() { Data = Rows(7, Own, Other) };
    private readonly Lifetime _lifetime = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly int _exitCode = Environment.ExitCode;
    private readonly WatchedMembershipTable _watched;

    public WatchedMembershipTests() => _watched = new WatchedMembershipTable(
        _table, new Details(Own), _lifetime, TimeProvider.System, _services.GetRequiredService<IMeterFactory>(),
        NullLogger<WatchedMembershipTable>.Instance);

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public async Task A_table_that_was_lost_ends_the_silo_which_says_nothing_to_the_new_one(int version)
    {
        var known = await _watched.ReadAllAsync();
        _table.Data = version == 0 ? null : Rows(version, Other);
        Assert.Equal(known.Version, (await _watched.ReadAllAsync()).Version);
        Assert.True(_lifetime.IsStopping);
        Assert.Equal(1, Environment.ExitCode);
        var writes = _table.Writes;
        Assert.True(await _watched.UpdateRowAsync(new MembershipEntry { SiloAddress = Own }, "7", known.Version.Next()));
        await _watched.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = Own });
        Assert.Equal(writes, _table.Writes);
    }

    [Fact]
    public async Task Losses_are_served_from_the_start_so_that_the_first_one_is_an_increase()
    {
        List<long> served = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "registryproxy.membership.losses"
                    && instrument.Meter.Scope == _services.GetRequiredService<IMeterFactory>())
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => served.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        await _watched.ReadAllAsync();
        _table.Data = null;
        await _watched.ReadAllAsync();
        listener.RecordObservableInstruments();
        Assert.Equal([0, 1], served);
    }

    [Theory, InlineData(0), InlineData(9)]
    public async Task A_table_that_was_lost_before_a_silo_that_joined_has_read_it_ends_the_silo(int version)
    {
        _table.Data = Rows(7, Other);
        var known = await _watched.ReadAllAsync();
        Assert.True(await _watched.InsertRowAsync(new MembershipEntry { SiloAddress = Own }, known.Version.Next()));
        _table.Data = version == 0 ? null : Rows(version, Other);
        await _watched.ReadAllAsync();
        Assert.True(_lifetime.IsStopping);
    }

    [Theory, InlineData(0), InlineData(9)]
    public async Task To_say_that_it_is_alive_brings_no_row_back_that_was_lost(int version)
    {
        await _watched.ReadAllAsync();
        await _watched.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = Own });
        Assert.Equal(1, _table.Writes);
        _table.Data = version == 0 ? null : Rows(version, Other);
        await _watched.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = Own });
        Assert.True(_lifetime.IsStopping);
        Assert.Equal(1, _table.Writes);
    }

    [Fact]
    public async Task A_table_without_its_own_row_ends_the_silo()
    {
        await _watched.ReadAllAsync();
        _table.Data = Rows(9, Other);
        await _watched.ReadAllAsync();
        Assert.True(_lifetime.IsStopping);
    }

    [Theory]
    [InlineData(6, true)]
    [InlineData(6, false)]
    [InlineData(9, false)]
    public async Task A_stale_reading_is_made_sure_of_by_a_write_and_ends_nothing(int version, bool isOwn)
    {
        await _watched.ReadAllAsync();
        _table.Hold().SetResult(isOwn ? Rows(version, Own, Other) : Rows(version, Other));
        Assert.Equal(7, (await _watched.ReadAllAsync()).Version.Version);
        Assert.Equal((1, 0), (_table.Beginnings, _table.Writes));
        Assert.False(_lifetime.IsStopping);
    }

    [Fact]
    public async Task A_stale_reading_that_nothing_can_be_made_sure_of_by_ends_nothing()
    {
        await _watched.ReadAllAsync();
        var slow = _table.Hold();
        var reading = _watched.ReadAllAsync();
        _table.IsAway = true;
        slow.SetResult(Rows(6, Other));
        await Assert.ThrowsAsync<TimeoutException>(() => reading);
        _table.IsAway = false;
        Assert.Equal(7, (await _watched.ReadAllAsync()).Version.Version);
        Assert.False(_lifetime.IsStopping);
    }

    [Fact]
    public async Task A_table_that_lost_its_last_writes_and_knows_the_silo_is_brought_above_what_silos_have_taken_over()
    {
        await _watched.ReadAllAsync();
        _table.Data = Rows(4, Own);
        var read = await _watched.ReadAllAsync();
        Assert.Equal((8, 4), (read.Version.Version, _table.Writes));
        Assert.NotNull(read.TryGet(Own));
        await _watched.ReadAllAsync();
        Assert.Equal(4, _table.Writes);
        Assert.False(_lifetime.IsStopping);
    }

    [Fact]
    public async Task A_table_that_cannot_be_brought_forward_is_used_as_it_is()
    {
        await _watched.ReadAllAsync();
        (_table.Data, _table.Refuses) = (Rows(4, Own), true);
        Assert.Equal(4, (await _watched.ReadAllAsync()).Version.Version);
        var writes = _table.Writes;
        Assert.Equal(4, (await _watched.ReadAllAsync()).Version.Version);
        Assert.Equal(writes, _table.Writes);
        Assert.False(_lifetime.IsStopping);
    }

    [Fact]
    public async Task A_storage_that_is_away_a_silo_that_joins_and_readings_that_overtake_each_other_end_nothing()
    {
        _table.Data = Rows(3, Other);
        await _watched.ReadAllAsync();
        _table.Data = Rows(4, Own, Other);
        await _watched.ReadAllAsync();
        _table.IsAway = true;
        await Assert.ThrowsAsync<TimeoutException>(() => _watched.ReadAllAsync());
        _table.IsAway = false;
        var slow = _table.Hold();
        var early = _watched.ReadAllAsync();
        _table.Data = Rows(8, Own, Other);
        await _watched.ReadAllAsync();
        slow.SetResult(Rows(4, Own, Other));
        await early;
        await _watched.ReadAllAsync();
        Assert.False(_lifetime.IsStopping);
    }

    public void Dispose()
    {
        Environment.ExitCode = _exitCode;
        _services.Dispose();
        _lifetime.Dispose();
    }

    private static MembershipTableData Rows(int version, params SiloAddress[] silos) => new(
        [.. silos.Select(silo => Tuple.Create(new MembershipEntry { SiloAddress = silo, Status = SiloStatus.Active }, $"{version}"))],
        new TableVersion(version, $"{version}"));

    private sealed record Details(SiloAddress SiloAddress) : ILocalSiloDetails
    {
        public string Name => "silo";

        public string ClusterId => "default";

        public string DnsHostName => "localhost";

        public SiloAddress GatewayAddress => SiloAddress;
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public bool IsStopping => _stopping.IsCancellationRequested;

        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();
    }

    private sealed class Table : IMembershipTable
    {
        private TaskCompletionSource<MembershipTableData>? _held;

        /// <summary><c>null</c> when the storage is empty.</summary>
        public MembershipTableData? Data { get; set; }

        public bool IsAway { get; set; }

        /// <summary>Whether others are always quicker to write.</summary>
        public bool Refuses { get; set; }

        public int Beginnings { get; private set; }

        public int Writes { get; private set; }

        /// <summary>Has the next reading wait.</summary>
        public TaskCompletionSource<MembershipTableData> Hold() => _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken = default)
        {
            Data = IsAway ? throw new TimeoutException() : Data ?? Rows(0);
            Beginnings++;
            return Task.CompletedTask;
        }

        public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken = default)
        {
            if (Interlocked.Exchange(ref _held, null) is { } held)
            {
                return await held.Task;
            }

            return IsAway ? throw new TimeoutException() : Data ?? throw new InvalidOperationException("there is no table");
        }

        public Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken = default) =>
            ReadAllAsync(cancellationToken);

        public Task<bool> InsertRowAsync(
            MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken = default) => Write();

        public Task<bool> UpdateRowAsync(
            MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken = default)
        {
            if (!Refuses && Data is { } data && etag == data.Version.VersionEtag && tableVersion.Version == data.Version.Version + 1)
            {
                Data = Rows(tableVersion.Version, [.. data.Members.Select(row => row.Item1.SiloAddress)]);
            }

            return Write();
        }

        public Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken = default) => Write();

        public Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken = default) =>
            Task.CompletedTask;

        public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken = default) =>
            Task.CompletedTask;

#pragma warning disable CS0618 // The old forms of the interface are obsolete, and abstract all the same.
        public Task DeleteMembershipTableEntries(string clusterId) => Task.CompletedTask;

        public Task InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion);

        public Task<MembershipTableData> ReadAll() => ReadAllAsync();

        public Task<MembershipTableData> ReadRow(SiloAddress key) => ReadAllAsync();

        public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => Write();

        public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => Write();

        public Task UpdateIAmAlive(MembershipEntry entry) => Write();

        public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => Task.CompletedTask;
#pragma warning restore CS0618

        private Task<bool> Write()
        {
            Writes++;
            return Task.FromResult(true);
        }
    }
}
