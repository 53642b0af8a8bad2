using Orleans.Storage;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.State;
using StackExchange.Redis;

namespace RegistryProxy.Tests.Clustering;

/// <summary>
/// Whatever lies in the place of a record and is none is damage: refused, counted, never taken for nothing and never overwritten.
/// </summary>
public sealed class DamagedRecordTests
{
    private const string Bob = "session/acme/staff/bob";

    private static readonly string Grain = ClusterRecord.Keys.Grain.ToString();
    private static readonly string State = ClusterRecord.Keys.State;

    private static readonly Dictionary<string, Action<string>> Files = new()
    {
        ["an empty file"] = path => File.WriteAllBytes(path, []),
        ["a file that is too short"] = path => File.WriteAllBytes(path, File.ReadAllBytes(path)[..20]),
        ["a file without its sealed state"] = path =>
            File.WriteAllBytes(path, new FileRecord(FileRecord.NewTag(), null, [1], []).ToBytes()),
        ["a file that is too large"] = Lengthen,
        ["an end that was changed"] = path =>
            File.WriteAllBytes(path,
                [.. (FileRecord.Read(File.ReadAllBytes(path)) with { KeepUntil = DateTimeOffset.UnixEpoch.AddDays(1) }).ToBytes()]),
        ["a folder"] = MakeFolder,
        ["a link that leads nowhere"] = Link,
        ["a file in the place of its folder"] = ReplaceFolder,
    };

    private static readonly Dictionary<string, Func<IDatabase, RedisKey, Task>> Hashes = new()
    {
        ["no etag"] = (redis, key) => redis.HashDeleteAsync(key, "etag"),
        ["an empty etag"] = (redis, key) => redis.HashSetAsync(key, "etag", ""),
        ["an etag that is too long"] = (redis, key) => redis.HashSetAsync(key, "etag", new string('e', 65)),
        ["no data"] = (redis, key) => redis.HashDeleteAsync(key, "data"),
        ["empty data"] = (redis, key) => redis.HashSetAsync(key, "data", ""),
        ["data that is too large"] = (redis, key) => redis.HashSetAsync(key, "data", new byte[StateLab.MaxBytes + 1]),
        ["no record of ours"] = (redis, key) => redis.HashSetAsync(key, [new("etag", "x"), new("data", "x")]),
        ["a string"] = (redis, key) => redis.StringSetAsync(key, "x"),
        ["a list"] = (redis, key) => Replace(redis, key, () => redis.ListLeftPushAsync(key, "x")),
        ["a set"] = (redis, key) => Replace(redis, key, () => redis.SetAddAsync(key, "x")),
        ["a hash of others"] = (redis, key) => Replace(redis, key, () => redis.HashSetAsync(key, [new("x", "y")])),
    };

    [Fact]
    public Task What_lies_in_the_place_of_a_file_is_a_damaged_record() => StateLab.With(StateProvider.File, async place =>
    {
        foreach (var (damage, work) in Files)
        {
            if (Directory.Exists(place.Folder))
            {
                Directory.Delete(place.Folder, recursive: true);
            }

            await place.Use(["k1"], lab => Fill(lab, place));
            work(PathOf(place, Grain, State));
            var before = Look(place.Folder, PathOf(place, Bob, "session"));
            await IsRefused(place, damage);
            Assert.Equal(before, Look(place.Folder, PathOf(place, Bob, "session")));
        }
    });

    [Fact]
    public Task What_lies_in_the_place_of_a_hash_is_a_damaged_record() => StateLab.With(StateProvider.Redis, async place =>
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(place.Redis.Connection);
        var database = redis.GetDatabase();
        var key = $"lab/state/{Grain}/{State}";
        foreach (var (damage, work) in Hashes)
        {
            await database.ExecuteAsync("FLUSHDB");
            await place.Use(["k1"], lab => Fill(lab, place));
            await work(database, key);
            var before = await database.KeyDumpAsync(key);
            await IsRefused(place, damage);
            Assert.Equal(before, await database.KeyDumpAsync(key));
        }
    });

    [Fact]
    public Task Whichever_byte_of_a_file_is_changed_the_record_is_refused_or_reads_as_it_was() =>
        StateLab.With(StateProvider.File, place => place.Use(["k1"], async lab =>
    {
        await lab.Write("session", Bob, new GrainState<SessionState>(Lasting(place)));
        var path = Assert.Single(place.Files);
        var whole = await File.ReadAllBytesAsync(path);
        for (var at = 0; at < whole.Length; at++)
        {
            foreach (var mask in new byte[] { 1, 0x80, 0xff })
            {
                var changed = whole.ToArray();
                changed[at] ^= mask;
                await File.WriteAllBytesAsync(path, changed);
                var state = new GrainState<SessionState>();
                var fault = await Record.ExceptionAsync(() => lab.Storage.ReadStateAsync("session", GrainId.Parse(Bob), state));
                Assert.True(fault is StateRefusedException || (fault is null && state.State?.Sessions.Count == 1),
                    $"byte {at} ^ {mask}: {fault?.Message ?? "nothing is there"}");
            }
        }
    }));

    [Fact]
    public Task A_folder_that_is_gone_is_not_an_empty_one() => StateLab.With(StateProvider.File, place => place.Use(["k1"], async lab =>
    {
        await lab.Write("session", Bob, new GrainState<SessionState>(Lasting(place)));
        Directory.Move(place.Folder, place.Folder + "-away");
        await Assert.ThrowsAnyAsync<IOException>(() => lab.Read<SessionState>("session", Bob));
        await Assert.ThrowsAnyAsync<IOException>(() => lab.Write("session", Bob, new GrainState<SessionState>(Lasting(place))));
        Assert.False(Directory.Exists(place.Folder));
        Directory.Move(place.Folder + "-away", place.Folder);
        Assert.Single((await lab.Read<SessionState>("session", Bob)).State!.Sessions);
    }));

    [Theory]
    [MemberData(nameof(StateKeyTests.Providers), MemberType = typeof(StateKeyTests))]
    public Task What_could_not_be_read_again_is_not_written(StateProvider provider) =>
        StateLab.With(provider, place => place.Use(["k1"], async lab =>
    {
        var state = new GrainState<SessionState>(Lasting(place));
        await lab.Write("session", Bob, state);
        state.State = Lasting(place, new string('x', StateLab.MaxBytes));
        await Assert.ThrowsAsync<StateUnavailableException>(() => lab.Write("session", Bob, state));
        Assert.Equal("", Assert.Single((await lab.Read<SessionState>("session", Bob)).State!.Sessions).CredentialStamp);
    }));

    [Theory]
    [MemberData(nameof(StateKeyTests.Providers), MemberType = typeof(StateKeyTests))]
    public Task What_was_sealed_and_is_no_state_is_refused(StateProvider provider) =>
        StateLab.With(provider, place => place.Use(["k1"], async lab =>
    {
        await lab.Store.Write(new StateOwner("lab", Bob, "session"),
            lab.Cipher.Seal([1, 2, 3], new StateOwner("lab", Bob, "session")), null, null);
        await Assert.ThrowsAsync<StateRefusedException>(() => lab.Read<SessionState>("session", Bob));
        await Assert.ThrowsAsync<InconsistentStateException>(() => lab.Write("session", Bob, new GrainState<SessionState>(Lasting(place))));
    }));

    private static string PathOf(StateLab.Place place, string grain, string state) =>
        Path.Combine(place.Folder, FileRecordStore.NameOf(new StateOwner("lab", grain, state))[..2],
            FileRecordStore.NameOf(new StateOwner("lab", grain, state)));

    private static async Task Fill(StateLab lab, StateLab.Place place)
    {
        await lab.Write(State, Grain, new GrainState<KeyRing>(new KeyRing()));
        await lab.Write("session", Bob, new GrainState<SessionState>(Lasting(place)));
    }

    private static Task IsRefused(StateLab.Place place, string damage) => place.Use(["k2", "k1"], async lab =>
    {
        var state = new GrainState<KeyRing>();
        var fault = await Record.ExceptionAsync(() => lab.Storage.ReadStateAsync(State, GrainId.Parse(Grain), state));
        Assert.True(fault is StateRefusedException, $"{damage}: {fault?.ToString() ?? "read as nothing"}");
        Assert.Equal(1, lab.Meter.RefusedReads);
        state.State = new KeyRing();
        Assert.True(await Record.ExceptionAsync(() => lab.Write(State, Grain, state)) is InconsistentStateException, $"{damage}: written");
        Assert.True(await Record.ExceptionAsync(() => lab.Storage.ClearStateAsync(State, GrainId.Parse(Grain), state))
            is InconsistentStateException, $"{damage}: removed");
        Assert.False(await lab.Probe.Look(), $"{damage}: the silo is ready");
        await lab.Sweep.Sweep(CancellationToken.None);
        await foreach (var record in lab.Store.All(CancellationToken.None))
        {
            if (record.Damage is not null)
            {
                await lab.Store.End(record, place.Time.GetUtcNow());
                await lab.Store.Reseal(record, [1]);
                await lab.Store.Remove(record);
            }
        }

        Assert.Single((await lab.Read<SessionState>("session", Bob)).State!.Sessions);
    });

    private static SessionState Lasting(StateLab.Place place, string stamp = "") => new()
    {
        Sessions = [new StoredSession("1", "hash", stamp, place.Time.GetUtcNow(), place.Time.GetUtcNow().AddDays(30), "127.0.0.1")],
    };

    private static List<string> Look(string folder, string except) =>
    [
        .. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Where(entry => entry != except).Order()
            .Select(entry => File.Exists(entry) ? $"{entry} {new FileInfo(entry).Length} {File.GetLastWriteTimeUtc(entry):O}" : entry),
    ];

    private static void Lengthen(string path)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(StateLab.MaxBytes + FileRecord.MaxHead + 1);
    }

    private static void MakeFolder(string path)
    {
        File.Delete(path);
        Directory.CreateDirectory(path);
    }

    private static void Link(string path)
    {
        File.Delete(path);
        File.CreateSymbolicLink(path, "nowhere");
    }

    private static void ReplaceFolder(string path)
    {
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        File.WriteAllText(Path.GetDirectoryName(path)!, "x");
    }

    private static async Task Replace(IDatabase redis, RedisKey key, Func<Task> add)
    {
        await redis.KeyDeleteAsync(key);
        await add();
    }
}
