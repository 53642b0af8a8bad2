using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Storage;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.Processes;
using Redis = RegistryProxy.Tests.Support.Servers.Redis;

namespace RegistryProxy.Tests.Clustering;

/// <summary>The contract of grain storage over a folder and over a real Redis, encrypted.</summary>
public sealed class StateStorageTests : IAsyncLifetime
{
    private static readonly byte[] FirstKey = RandomNumberGenerator.GetBytes(32);

    private readonly TemporaryFolder _folder = new();
    private Redis _redis = null!;

    public static TheoryData<StateProvider> Providers => [StateProvider.File, StateProvider.Redis];

    public async ValueTask InitializeAsync() => _redis = await Redis.Start();

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_state_is_there_after_a_restart_and_nowhere_in_clear(StateProvider provider)
    {
        await With(Configuration(provider, FirstKey), async storage =>
        {
            var absent = await Read(storage, "alice");
            Assert.False(absent.RecordExists);
            Assert.Equal("", absent.State!.Text);
            absent.State!.Text = "plain-canary";
            await storage.WriteStateAsync("token", Id("alice"), absent);
            Assert.True(absent.RecordExists);
        });
        await With(Configuration(provider, FirstKey), async storage =>
        {
            var state = await Read(storage, "alice");
            Assert.Equal("plain-canary", state.State!.Text);
            Assert.False((await Read(storage, "bob")).RecordExists);
            state.State!.Text = "plain-canary-2";
            await storage.WriteStateAsync("token", Id("alice"), state);
            await storage.ClearStateAsync("token", Id("alice"), state);
            Assert.False(state.RecordExists);
            Assert.False((await Read(storage, "alice")).RecordExists);
            await storage.WriteStateAsync("token", Id("alice"), state);
        });
        foreach (var file in Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Concat(_redis.Files))
        {
            Assert.DoesNotContain("plain-canary", Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)));
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public Task Of_twenty_who_write_at_once_one_wins_and_the_others_are_told(StateProvider provider) =>
        With(Configuration(provider, FirstKey), async storage =>
        {
            for (var round = 0; round < 10; round++)
            {
                var known = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Read(storage, "alice")));
                var outcomes = await Task.WhenAll(known.Select(async (state, i) =>
                {
                    state.State!.Text = $"{round}.{i}";
                    try
                    {
                        await storage.WriteStateAsync("token", Id("alice"), state);
                        return state.State!.Text;
                    }
                    catch (InconsistentStateException)
                    {
                        return null;
                    }
                }));
                Assert.Equal(Assert.Single(outcomes, outcome => outcome is not null), (await Read(storage, "alice")).State!.Text);
            }

            var outdated = new GrainState<StoredText> { State = new StoredText(), ETag = "never" };
            await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("token", Id("alice"), outdated));
            await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("token", Id("alice"), outdated));
            await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("token", Id("nobody"), outdated));
        });

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Records_that_are_swapped_or_changed_are_refused_raise_an_alarm_and_stay(StateProvider provider)
    {
        await With(Configuration(provider, FirstKey), async storage =>
        {
            await Write(storage, "alice", "of-alice");
            await Write(storage, "bob", "of-bob");
            await Write(storage, "carol", "of-carol");
        });
        var records = await Records(provider);
        Assert.Equal(3, records.Count);
        await Put(provider, records[0].Name, records[1].Content);
        await Put(provider, records[1].Name, records[0].Content);
        await Put(provider, records[2].Name, [.. records[2].Content[..^1], (byte)(records[2].Content[^1] ^ 1)]);
        var log = new AlarmLog();
        await With(Configuration(provider, FirstKey), async storage =>
        {
            foreach (var owner in new[] { "alice", "bob", "carol" })
            {
                await Assert.ThrowsAsync<StateRefusedException>(() => Read(storage, owner));
                await Assert.ThrowsAsync<InconsistentStateException>(
                    () => storage.WriteStateAsync("token", Id(owner), new GrainState<StoredText>(new StoredText())));
                await Assert.ThrowsAsync<StateRefusedException>(() => Read(storage, owner));
            }
        }, log);
        Assert.Equal(records.Count, (await Records(provider)).Count);
        Assert.Equal(3, log.Alarms.Count(alarm => alarm.Contains("ALARM")));
        Assert.DoesNotContain(log.Alarms, alarm => alarm.Contains("of-alice"));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Under_a_new_first_key_records_are_encrypted_anew_as_they_are_read(StateProvider provider)
    {
        var second = RandomNumberGenerator.GetBytes(32);
        await With(Configuration(provider, FirstKey), storage => Write(storage, "alice", "kept"));
        await With(Configuration(provider, second, FirstKey), async storage =>
        {
            var state = await Read(storage, "alice");
            Assert.Equal("kept", state.State!.Text);
            state.State!.Text = "kept too";
            await storage.WriteStateAsync("token", Id("alice"), state);
        });
        await With(Configuration(provider, FirstKey), storage => Write(storage, "bob", "only read"));
        await With(Configuration(provider, second, FirstKey),
            async storage => Assert.Equal("only read", (await Read(storage, "bob")).State!.Text));
        await With(Configuration(provider, second), async storage =>
        {
            Assert.Equal("kept too", (await Read(storage, "alice")).State!.Text);
            Assert.Equal("only read", (await Read(storage, "bob")).State!.Text);
        });
    }

    [Fact]
    public async Task A_folder_is_for_one_process()
    {
        var configuration = Configuration(StateProvider.File, FirstKey);
        using var holder = new StateFolder(configuration.Folder, "storage-tests");
        var fault = await Assert.ThrowsAsync<ConfigurationUnusableException>(() => With(configuration, _ => Task.CompletedTask));
        Assert.Contains("use redis for several", fault.Message);
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(configuration.Folder) == FolderMode);
    }

    private static UnixFileMode FolderMode => UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static GrainId Id(string owner) => GrainId.Create("token", owner);

    private static async Task<GrainState<StoredText>> Read(IGrainStorage storage, string owner)
    {
        var state = new GrainState<StoredText>();
        await storage.ReadStateAsync("token", Id(owner), state);
        return state;
    }

    private static async Task Write(IGrainStorage storage, string owner, string text)
    {
        var state = await Read(storage, owner);
        state.State!.Text = text;
        await storage.WriteStateAsync("token", Id(owner), state);
    }

    /// <summary>The ids of keys follow their bytes, as an operator would name them.</summary>
    private StateConfiguration Configuration(StateProvider provider, params byte[][] keys) => new()
    {
        Provider = provider,
        Folder = _folder.File("state"),
        Redis = new RedisConfiguration(new Secret(_redis.Connection), null),
        EncryptionKeys = [.. keys.Select(
            key => new EncryptionKeyConfiguration($"k{key[0]}-{key[1]}", new InlineSecret(new Secret(Convert.ToBase64String(key)))))],
    };

    private static async Task With(StateConfiguration configuration, Func<IGrainStorage, Task> use, AlarmLog? log = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddProvider(log ?? new AlarmLog());
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(FreePort.Next(), gatewayPort: 0);
            silo.Configure<ClusterOptions>(cluster => cluster.ServiceId = "storage-tests");
            silo.AddStateStorage(configuration, "storage-tests");
        });
        using var host = builder.Build();
        await host.StartAsync();
        await use(host.Services.GetRequiredKeyedService<IGrainStorage>(GrainStorageNames.State));
        await host.StopAsync();
    }

    private async Task<List<(string Name, byte[] Content)>> Records(StateProvider provider) => provider == StateProvider.File
        ? [.. Directory.EnumerateFiles(_folder.File("state"), "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("lock"))
            .Order().Select(file => (file, File.ReadAllBytes(file)))]
        : await _redis.With(async (database, server) =>
        {
            List<(string, byte[])> all = [];
            foreach (var key in server.Keys(pattern: "storage-tests/state/*").Select(key => key.ToString()).Order())
            {
                all.Add((key, (byte[])(await database.HashGetAsync(key, "data"))!));
            }

            return all;
        });

    private async Task Put(StateProvider provider, string name, byte[] content)
    {
        if (provider == StateProvider.File)
        {
            await File.WriteAllBytesAsync(name, content);
        }
        else
        {
            await _redis.With((database, _) => database.HashSetAsync(name, "data", content));
        }
    }

    private sealed class AlarmLog : ILoggerProvider, ILogger
    {
        public List<string> Alarms { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Critical)
            {
                Alarms.Add(formatter(state, exception));
            }
        }

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Critical;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Dispose()
        {
        }
    }
}

/// <summary>A state of the tests.</summary>
[GenerateSerializer]
public sealed class StoredText
{
    [Id(0)]
    public string Text { get; set; } = "";
}
