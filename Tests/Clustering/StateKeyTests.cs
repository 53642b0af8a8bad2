using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Clustering;

/// <summary>What becomes of stored records: under a key that is not here, under one that is turned or given up, and at their end.</summary>
public sealed class StateKeyTests
{
    private const string Alice = "session/acme/staff/alice";

    public static TheoryData<StateProvider> Providers => [StateProvider.File, StateProvider.Redis];

    [Theory]
    [MemberData(nameof(Providers))]
    public Task Under_an_unknown_key_a_record_is_refused_and_stays_until_it_is_given_up(StateProvider provider) =>
        StateLab.With(provider, async place =>
    {
        await place.Use(["k1"], async lab => await Put(lab, Lasting(place)));
        await place.Use(["k2"], async lab =>
        {
            var fault = await Assert.ThrowsAsync<StateRefusedException>(() => lab.Read<SessionState>("session", Alice));
            Assert.Contains("'k1'", fault.Message);
            await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(
                () => lab.Write("session", Alice, new GrainState<SessionState>(Lasting(place))));
            await lab.Sweep.Sweep(CancellationToken.None);
        });
        await place.Use(["k1"], async lab => Assert.Single((await lab.Read<SessionState>("session", Alice)).State!.Sessions));
        await place.Use(["k2"], async lab =>
        {
            var state = await lab.Read<SessionState>("session", Alice);
            Assert.False(state.RecordExists);
            await lab.Write("session", Alice, state);
        }, discarded: ["k1"]);
        await place.Use(["k1"], async lab => await Put(lab, Lasting(place), "session/acme/staff/bob"));
        await place.Use(["k2"], lab => lab.Sweep.Sweep(CancellationToken.None), discarded: ["k1"]);
        await place.Use(["k1"], async lab =>
            Assert.False((await lab.Read<SessionState>("session", "session/acme/staff/bob")).RecordExists));
    });

    [Theory]
    [MemberData(nameof(Providers))]
    public Task A_record_has_another_mark_after_each_change_and_only_then(StateProvider provider) => StateLab.With(provider, async place =>
    {
        await place.Use(["k1"], async lab =>
        {
            var owner = new StateOwner("lab", Alice, "session");
            Assert.Null(await lab.Store.Mark(owner));
            await Put(lab, Lasting(place));
            var first = await lab.Store.Mark(owner);
            Assert.NotNull(first);
            Assert.Equal(first, await lab.Store.Mark(owner));
            var record = await lab.Store.Read(owner);
            await lab.Store.Reseal(record!, record!.Content);
            var sealedAnew = await lab.Store.Mark(owner);
            Assert.NotEqual(first, sealedAnew);
            await lab.Store.Write(owner, record.Content, null, record.ETag);
            Assert.NotEqual(sealedAnew, await lab.Store.Mark(owner));
        });
    });

    [Theory]
    [MemberData(nameof(Providers))]
    public Task A_silo_sees_within_one_look_that_a_record_that_it_could_read_is_under_another_key(StateProvider provider) =>
        StateLab.With(provider, async place =>
    {
        await place.Use(["k1"], async lab =>
        {
            var (state, owner) = (ClusterRecord.Keys.State, ClusterRecord.Keys.Grain.ToString());
            await lab.Write(state, owner, new GrainState<KeyRing>(new KeyRing()));
            Assert.True(await lab.Probe.Look());
            Assert.True(await lab.Probe.Look());
            var record = await lab.Store.Read(new StateOwner("lab", owner, state));
            var other = new StateCipher(new StateKeys([("k2", [.. Enumerable.Repeat((byte)2, 32)])], []));
            await lab.Store.Reseal(record!, other.Seal([1], new StateOwner("lab", owner, state)));
            Assert.False(await lab.Probe.Look());
            Assert.Contains("'k2'", lab.Probe.Detail);
            await lab.Store.Reseal(record!, record!.Content);
            Assert.True(await lab.Probe.Look());
        });
    });

    [Theory]
    [MemberData(nameof(Providers))]
    public Task A_silo_without_the_key_of_the_cluster_s_keys_is_not_ready_and_says_which(StateProvider provider) =>
        StateLab.With(provider, async place =>
    {
        await place.Use(["k1"], async lab =>
        {
            Assert.True(await lab.Probe.Look());
            await lab.Write(ClusterRecord.Keys.State, ClusterRecord.Keys.Grain.ToString(), new GrainState<KeyRing>(new KeyRing()));
            Assert.True(await lab.Probe.Look());
        });
        await place.Use(["k2"], async lab =>
        {
            Assert.False(await lab.Probe.Look());
            Assert.False(lab.Probe.IsReady);
            Assert.Contains("'k1'", lab.Probe.Detail);
        });
        await place.Use(["k2"], async lab => Assert.True(await lab.Probe.Look()), discarded: ["k1"]);
        await place.Use(["k2", "k1"], async lab => Assert.True(await lab.Probe.Look()));
    });

    [Theory]
    [MemberData(nameof(Providers))]
    public Task A_sweep_encrypts_anew_behind_the_back_of_who_uses_the_record(StateProvider provider) =>
        StateLab.With(provider, async place =>
    {
        GrainState<SessionState> known = null!;
        await place.Use(["k1"], async lab => known = await Put(lab, Lasting(place)));
        await place.Use(["k2", "k1"], async lab =>
        {
            await lab.Sweep.Sweep(CancellationToken.None);
            await lab.Sweep.Sweep(CancellationToken.None);
        });
        await place.Use(["k2"], async lab =>
        {
            Assert.Single((await lab.Read<SessionState>("session", Alice)).State!.Sessions);
            await lab.Write("session", Alice, known);
        });
    });

    [Theory]
    [MemberData(nameof(Providers))]
    public Task A_record_ends_by_itself_and_not_before_its_state_does(StateProvider provider) =>
        StateLab.With(provider, place => place.Use(["k1"], async lab =>
    {
        var state = await Put(lab, Lasting(place));
        state.State = new SessionState { Sessions = [Session(place.Time.GetUtcNow().AddSeconds(-598)),
            Session(place.Time.GetUtcNow().AddSeconds(-700))] };
        await lab.Write("session", Alice, state);
        Assert.True((await lab.Read<SessionState>("session", Alice)).RecordExists);
        await lab.Write(ClusterRecord.Keys.State, ClusterRecord.Keys.Grain.ToString(), new GrainState<KeyRing>(new KeyRing()));
        place.Time.Advance(TimeSpan.FromSeconds(3));
        await Support.Processes.Eventually.True(
            async () => !(await lab.Read<SessionState>("session", Alice)).RecordExists, "its end has come");
        await lab.Sweep.Sweep(CancellationToken.None);
        Assert.Single(await Records(lab));
        place.Time.Advance(TimeSpan.FromDays(4000));
        Assert.True((await lab.Read<KeyRing>(ClusterRecord.Keys.State, ClusterRecord.Keys.Grain.ToString())).RecordExists);
        await Put(lab, Lasting(place));
    }));

    [Fact]
    public Task What_a_crash_left_behind_of_a_write_is_removed() =>
        StateLab.With(StateProvider.File, place => place.Use(["k1"], async lab =>
    {
        await Put(lab, Lasting(place));
        var file = Assert.Single(place.Files);
        await File.WriteAllTextAsync(file + ".new", "half");
        await lab.Sweep.Sweep(CancellationToken.None);
        Assert.Equal([file], place.Files);
    }));

    [Fact]
    public Task A_file_of_the_version_before_is_read_and_gets_an_end() => StateLab.With(StateProvider.File, async place =>
    {
        await place.Use(["k1"], async lab =>
        {
            await Put(lab, Lasting(place));
            var file = Assert.Single(place.Files);
            await File.WriteAllBytesAsync(file, (await Records(lab))[0].Content);
            Assert.Null((await Records(lab))[0].KeepUntil);
            Assert.Single((await lab.Read<SessionState>("session", Alice)).State!.Sessions);
            Assert.NotNull((await Records(lab))[0].KeepUntil);
        });
    });

    [Fact]
    public Task One_silo_at_a_time_looks_at_all_records_and_those_of_the_version_before_get_an_end() =>
        StateLab.With(StateProvider.Redis, async place =>
    {
        var former = "session/acme/staff/former";
        Assert.True(StateSweep.MaxFormerAge > Attestation.MaxAge + Attestation.Margin);
        await using var redis = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync(place.Redis.Connection);
        var database = redis.GetDatabase();
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => database.StringSetAsync($"somebody-elses-{i}", "x")));
        await place.Use(["k1"], async lab =>
        {
            await Put(lab, Lasting(place));
            await Put(lab, Lasting(place), former);
            await lab.Write(ClusterRecord.Keys.State, ClusterRecord.Keys.Grain.ToString(), new GrainState<KeyRing>(new KeyRing()));
            foreach (var record in await Records(lab))
            {
                Assert.True(record.Owner?.State != "session" || await database.KeyPersistAsync(record.Place));
            }

            await lab.Sweep.Sweep(CancellationToken.None);
            Assert.Equal([false, true, true], (await Records(lab)).Select(record => record.KeepUntil is not null).Order());
            Assert.True(await lab.Store.TryBeginSweep(TimeSpan.FromMinutes(10)));
            Assert.False(await lab.Store.TryBeginSweep(TimeSpan.FromMinutes(10)));
        });
        await place.Use(["k1"], async lab => Assert.False(await lab.Store.TryBeginSweep(TimeSpan.FromMinutes(10))));
    });

    [Fact]
    public Task A_file_of_the_version_before_that_nobody_reads_ends_at_last() =>
        StateLab.With(StateProvider.File, place => place.Use(["k1"], async lab =>
    {
        await Put(lab, Lasting(place));
        var file = Assert.Single(place.Files);
        await File.WriteAllBytesAsync(file, (await Records(lab))[0].Content);
        await lab.Sweep.Sweep(CancellationToken.None);
        Assert.Equal([file], place.Files);
        File.SetLastWriteTimeUtc(file, (place.Time.GetUtcNow() - StateSweep.MaxFormerAge).UtcDateTime.AddDays(-1));
        await lab.Sweep.Sweep(CancellationToken.None);
        Assert.Empty(place.Files);
    }));

    [Fact]
    public async Task Memory_ends_too_unless_somebody_wrote_it_since()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var memory = new FaultyStorage(TimeProvider.System, new Random(0));
        var (one, other) = (new ExpiringMemoryStorage(memory, time), new ExpiringMemoryStorage(memory, time));
        var state = new GrainState<SessionState>(new SessionState { Sessions = [Session(time.GetUtcNow().AddDays(1))] });
        await one.WriteStateAsync("session", GrainId.Parse(Alice), state);
        state.State = new SessionState { Sessions = [Session(time.GetUtcNow().AddDays(2))] };
        await other.WriteStateAsync("session", GrainId.Parse(Alice), state);
        time.Advance(TimeSpan.FromDays(1));
        await one.Sweep();
        Assert.Equal(1, memory.Count);
        time.Advance(TimeSpan.FromDays(1));
        await other.Sweep();
        Assert.Equal(0, memory.Count);
    }

    private static SessionState Lasting(StateLab.Place place) => new() { Sessions = [Session(place.Time.GetUtcNow().AddDays(30))] };

    private static StoredSession Session(DateTimeOffset expires) =>
        new(Guid.NewGuid().ToString("N"), "hash", "", expires.AddDays(-30), expires, "127.0.0.1");

    private static async Task<GrainState<SessionState>> Put(StateLab lab, SessionState value, string owner = Alice)
    {
        var state = await lab.Read<SessionState>("session", owner);
        state.State = value;
        await lab.Write("session", owner, state);
        return state;
    }

    private static async Task<List<StoredRecord>> Records(StateLab lab)
    {
        List<StoredRecord> all = [];
        await foreach (var record in lab.Store.All(CancellationToken.None))
        {
            all.Add(record);
        }

        return all;
    }
}
