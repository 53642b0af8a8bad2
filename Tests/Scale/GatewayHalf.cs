using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Serialization;
using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.SnapshotUpdates;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Operations;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Scale;

/// <summary>What a gateway has to do with the cluster, without its listener: snapshot, limits, invalidation, reports.</summary>
internal sealed class GatewayHalf : IAsyncDisposable
{
    private static readonly Type[] Parts =
        [typeof(SnapshotFollower), typeof(LimitReporter), typeof(InvalidationSubscription), typeof(GatewayReporter)];

    private readonly TemporaryFolder _folder = new();
    private readonly ServiceProvider _services;
    private readonly IReadOnlyList<IHostedService> _parts;

    private GatewayHalf(IGrainFactory client, Func<Type, bool> starts)
    {
        var cache = new CacheConfiguration { Path = _folder.File("cache"), MaxBytes = 1_000_000 };
        var configuration = new FixedConfiguration(ConfigurationDefaults.NoFile());
        _services = new ServiceCollection().AddLogging().AddMetrics().AddSerializer().AddSingleton(client)
            .AddSingleton(new HostStart(configuration, null, null, null)).AddSingleton<IConfigurationFeed>(configuration)
            .AddSingleton<AuditLog>().AddSingleton<HostSight>()
            .AddSingleton(new ClientAddress([])).AddGateway(new GatewayOptions { Cache = cache }).BuildServiceProvider();
        _parts = [.. Parts.Where(starts).Select(part => (IHostedService)ActivatorUtilities.CreateInstance(_services, part))];
    }

    public WriteAnnouncer Announcer => _services.GetRequiredService<WriteAnnouncer>();

    public InvalidationClock Clock => _services.GetRequiredService<InvalidationClock>();

    public TenantLimits Limits => _services.GetRequiredService<TenantLimits>();

    public FrontDoorMap? Map => _services.GetRequiredService<CurrentMap>().Value;

    /// <summary>Starts all parts, or that alone which tells of writes and hears of them.</summary>
    public static async Task<GatewayHalf> Start(IGrainFactory client, bool all = true)
    {
        var gateway = new GatewayHalf(client, part => all || part == typeof(InvalidationSubscription));
        await Task.WhenAll(gateway._parts.Select(part => part.StartAsync(CancellationToken.None)));
        await Eventually.True(() => gateway.Clock.IsTrusted && (!all || gateway.Map is not null), "it follows", TimeSpan.FromSeconds(60));
        return gateway;
    }

    /// <summary>A pull, as far as it has to hear of writes from then on.</summary>
    public async Task<WriteMark> Pull(TenantRepository repository)
    {
        await Clock.Listen(repository.Place, CancellationToken.None);
        return Clock.Mark(repository);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_parts.Select(part => part.StopAsync(CancellationToken.None)));
        await _services.DisposeAsync();
        _folder.Dispose();
    }
}
