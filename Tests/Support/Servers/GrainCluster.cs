using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Silos with the product's grains inside the test process, and a client as a gateway has it.</summary>
internal sealed class GrainCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly TemporaryFolder _folder;

    private GrainCluster(InProcessTestCluster cluster, TemporaryFolder folder, FixedConfiguration configuration) =>
        (_cluster, _folder, Configuration) = (cluster, folder, configuration);

    public IGrainFactory Client => _cluster.Client;

    public FixedConfiguration Configuration { get; }

    /// <summary>Something of a silo, as who serves operators there has it.</summary>
    public T Service<T>()
        where T : notnull => _cluster.Silos.First().ServiceProvider.GetRequiredService<T>();

    /// <summary>Calls for operators, as a silo makes them.</summary>
    public OperatorCalls Operators => Service<OperatorCalls>();

    /// <summary>Where the configuration lies: relative paths begin at its folder.</summary>
    public string ConfigurationPath => _folder.File("config.yaml");

    /// <summary>
    /// Kills the silo that has the first of some grains that is anywhere, with what its memory holds, and starts another one in its place.
    /// </summary>
    public async Task Replace(params GrainId[] grains)
    {
        var found = grains.Select(grain => _cluster.TryGetGrainContext(grain, out var context) ? context.Address.SiloAddress : null)
            .First(address => address is not null);
        var silo = _cluster.Silos.First(silo => silo.SiloAddress.Equals(found));
        await _cluster.KillSiloAsync(silo);
        await _cluster.StartAdditionalSiloAsync();
    }

    /// <summary>
    /// Starts silos under a configuration, with the time of the test's; their state is in memory unless the test says where.
    /// </summary>
    public static async Task<GrainCluster> Start(
        string yaml, short silos = 1, TimeProvider? time = null, Action<TemporaryFolder>? prepare = null,
        Action<IClientBuilder>? client = null,
        Action<ISiloBuilder>? silo = null, StateConfiguration? state = null)
    {
        var folder = new TemporaryFolder();
        prepare?.Invoke(folder);
        var configuration = new FixedConfiguration(Read(folder, yaml));
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((_, built) =>
        {
            built.Services.AddSingleton<IConfigurationFeed>(configuration);
            built.Services.AddSingleton<IIncomingGrainCallFilter, TestHooks>();
            built.Services.AddGrains();
            if (time is not null)
            {
                built.Services.AddSingleton<TimeProvider>(new SiloTime(time));
            }

            built.AddStateStorage(state ?? new StateConfiguration(), "tests");
            silo?.Invoke(built);
        });
        builder.ConfigureClient(built => client?.Invoke(built));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new GrainCluster(cluster, folder, configuration);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>An interface of grains that a test may call.</summary>
    public sealed record OpenCalls(Type Interface);

    /// <summary>
    /// The client of a test cluster asks silos what nobody asks those of the product: whether they know each other. And some tests call as
    /// grains do.
    /// </summary>
    private sealed class TestHooks(IEnumerable<OpenCalls> open) : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.InterfaceMethod?.DeclaringType?.FullName == "Orleans.Runtime.TestHooks.ITestHooks"
                || open.Any(calls => context.InterfaceMethod?.DeclaringType == calls.Interface))
            {
                context.Response = await context.Request.Invoke();
                return;
            }

            await context.Invoke();
        }
    }

    private static ConfigurationSnapshot Read(TemporaryFolder folder, string yaml)
    {
        var result = ConfigurationFile.Read(folder.Write("config.yaml", yaml));
        Assert.True(result.Snapshot is not null, string.Join('\n', result.Errors));
        return result.Snapshot;
    }
}
