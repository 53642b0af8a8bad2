using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using RegistryProxy.Configuration;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Redis;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.Processes;
using Redis = RegistryProxy.Tests.Support.Servers.Redis;

namespace RegistryProxy.Tests.Support.State;

/// <summary>The encrypted storage of a silo over a folder or a real Redis, with keys of its own; others may use the same place.</summary>
internal sealed class StateLab : IDisposable
{
    /// <summary>The largest record of the lab, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private static readonly ServiceProvider Services = new ServiceCollection().AddSerializer().AddMetrics().BuildServiceProvider();

    private readonly StateFolder? _folder;

    private StateLab(StateProvider provider, string folder, Redis redis, FakeTimeProvider time, string[] keys, string[] discarded)
    {
        var known = new StateKeys([.. keys.Select(id => (id, KeyOf(id)))], discarded);
        var cipher = Cipher = new StateCipher(known);
        _folder = provider == StateProvider.File ? new StateFolder(folder, "lab") : null;
        Store = _folder is not null
            ? new FileRecordStore(_folder, cipher, time, MaxBytes)
            : new RedisRecordStore(RedisServer.Options(new RedisConfiguration(new Secret(redis.Connection), null), "state.redis"), "lab",
                TimeProvider.System, MaxBytes);
        Meter = new StateMeter(Services.GetRequiredService<IMeterFactory>(), known);
        Storage = new ProtectedGrainStorage(
            Store, cipher, "lab", Services.GetRequiredService<Serializer>(), Services.GetRequiredService<IActivatorProvider>(), Meter,
            NullLogger<ProtectedGrainStorage>.Instance);
        Sweep = new StateSweep(Store, cipher, known, Meter, time, NullLogger<StateSweep>.Instance);
        Probe = new StateProbe(Store, cipher, "lab", time, NullLogger<StateProbe>.Instance);
    }

    public IRecordStore Store { get; }

    public StateCipher Cipher { get; }

    public ProtectedGrainStorage Storage { get; }

    public StateMeter Meter { get; }

    public StateSweep Sweep { get; }

    public StateProbe Probe { get; }

    public static async Task With(StateProvider provider, Func<Place, Task> work)
    {
        using var folder = new TemporaryFolder();
        await using var redis = await Redis.Start();
        await work(new Place(provider, folder.File("state"), redis));
    }

    public async Task<GrainState<T>> Read<T>(string name, string owner)
    {
        var state = new GrainState<T>();
        await Storage.ReadStateAsync(name, GrainId.Parse(owner), state);
        return state;
    }

    public Task Write<T>(string name, string owner, GrainState<T> state) => Storage.WriteStateAsync(name, GrainId.Parse(owner), state);

    public void Dispose() => _folder?.Dispose();

    private static byte[] KeyOf(string id) => [.. Enumerable.Repeat((byte)id[^1], 32)];

    /// <summary>Where records lie.</summary>
    internal sealed record Place(StateProvider Provider, string Folder, Redis Redis)
    {
        public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

        public IEnumerable<string> Files =>
            Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "lock");

        public async Task Use(string[] keys, Func<StateLab, Task> work, string[]? discarded = null)
        {
            using var lab = new StateLab(Provider, Folder, Redis, Time, keys, discarded ?? []);
            await work(lab);
        }
    }
}
