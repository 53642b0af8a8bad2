using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Scale;

/// <summary>Silos with the product's grains, and gateways as far as they have to do with them, in this process.</summary>
internal sealed class ScaleCluster : IAsyncDisposable, ISnapshotObserver
{
    private static readonly Serializer Serializer = new ServiceCollection().AddSerializer().BuildServiceProvider()
        .GetRequiredService<Serializer>();

    /// <summary>Requests of one tenant in a second.</summary>
    public const int Rate = 100;

    private readonly int _tenants;
    private readonly List<GatewayHalf> _gateways = [];
    private readonly List<ConfigurationWatcher> _watchers;
    private ISnapshotObserver? _reference;
    private SnapshotPosition _position = SnapshotPosition.Nothing;
    private long _told;
    private volatile string _version = "";

    private ScaleCluster(GrainCluster grains, CallCounter calls, int silos, int tenants)
    {
        (Grains, Calls, Silos, _tenants) = (grains, calls, silos, tenants);

        // A silo looks at its file, too.
        _watchers = [.. Enumerable.Range(0, silos)
            .Select(_ => new ConfigurationWatcher(grains.ConfigurationPath, grains.Configuration.Current, TimeProvider.System))];
    }

    public GrainCluster Grains { get; }

    public CallCounter Calls { get; }

    public int Silos { get; }

    public IReadOnlyList<GatewayHalf> Gateways => _gateways;

    public static async Task<ScaleCluster> Start(int silos, int tenants)
    {
        var calls = new CallCounter();
        var grains = await GrainCluster.Start(Yaml(tenants, 0), silos: (short)silos,
            prepare: folder => folder.Write("htpasswd", $"alice:{BCrypt.Net.BCrypt.HashPassword("pw", 4)}\n"),
            silo: silo => silo.AddIncomingGrainCallFilter(calls));
        return new ScaleCluster(grains, calls, silos, tenants);
    }

    /// <summary>Adds gateways until there are so many.</summary>
    public async Task Grow(int gateways)
    {
        while (_gateways.Count < gateways)
        {
            _gateways.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(10, gateways - _gateways.Count))
                .Select(_ => GatewayHalf.Start(Grains.Client))));
        }
    }

    /// <summary>Ends all gateways.</summary>
    public async Task Shrink()
    {
        await Task.WhenAll(_gateways.Select(gateway => gateway.DisposeAsync().AsTask()));
        _gateways.Clear();
    }

    /// <summary>Configurations of which each differs from the one before in one tenant.</summary>
    public IReadOnlyList<ConfigurationSnapshot> Edits(int count) => [.. Enumerable.Range(1, count)
        .Select(number => ConfigurationFile.Parse(Yaml(_tenants, number), Grains.ConfigurationPath).Snapshot!)];

    /// <summary>Whether every gateway has a configuration.</summary>
    public bool Has(ConfigurationSnapshot edit) => _version == edit.Version
        && _gateways.TrueForAll(gateway => gateway.Map?.Snapshot.ConfigurationVersion == edit.Version);

    /// <summary>The bytes that one gateway was told.</summary>
    public long Bytes => Volatile.Read(ref _told);

    /// <summary>Has the cluster tell one gateway more, which counts them.</summary>
    public async Task Listen()
    {
        _reference ??= Grains.Client.CreateObjectReference<ISnapshotObserver>(this);
        _position = (await Grains.Client.GetGrain<ISnapshotGrain>(0)
            .Follow(_reference, _position with { Format = SnapshotPosition.TakesStamps })).Position;
    }

    Task ISnapshotObserver.Changed(SnapshotUpdate update)
    {
        Interlocked.Add(ref _told, Serializer.SerializeToArray(update).Length);
        _version = update.Change?.ConfigurationVersion ?? _version;
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _watchers.ForEach(watcher => watcher.Dispose());
        await Shrink();
        await Grains.DisposeAsync();
    }

    private static string LimitsOf(int tenant) =>
        tenant == 0 ? $"{{ requestsPerSecond: {Rate}, perIdentity: {{ requestsPerSecond: 5 }} }}" : "{}";

    private static string Yaml(int tenants, int edit) => string.Join('\n', [
        "upstreams: { up: { url: \"https://registry.example\" } }", "authenticators: { staff: { type: htpasswd, file: htpasswd } }",
        "cache: { path: cache }", "tenants:",
        .. Enumerable.Range(0, tenants).Select(number => $$"""
              t{{number}}:
                hosts: [t{{number}}.example]
                limits: {{LimitsOf(number)}}
                authenticators: [staff]
                routes: [{ prefix: "", upstream: up, cache: true }]
                access:
                  - { name: all, who: [authenticated], repositories: ["team-{{(number == 0 ? edit : 0)}}/**"], actions: [pull] }
                  - { name: ci, who: ["user:alice"], repositories: ["ci/**", "build/**"], actions: [pull, push] }
            """),
    ]);
}

/// <summary>Calls that silos take, by what is called.</summary>
internal sealed class CallCounter : IIncomingGrainCallFilter
{
    private readonly ConcurrentDictionary<(string? Interface, string Method), int> _calls = new();

    public int Of<TGrain>(params string[] methods) => methods.Sum(method => _calls.GetValueOrDefault((typeof(TGrain).Name, method)));

    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.InterfaceMethod is { } method)
        {
            _calls.AddOrUpdate((method.DeclaringType?.Name, method.Name), 1, static (_, count) => count + 1);
        }

        return context.Invoke();
    }
}
