using Orleans.Serialization;
using Orleans.Storage;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Storage;
using RegistryProxy.ServiceDefaults.Health;
using RegistryProxy.ServiceDefaults.Redis;

namespace RegistryProxy.Silo.Storage;

/// <summary>The grain storage <see cref="GrainStorageNames.State"/> as configured.</summary>
internal static class StateStorage
{
    /// <summary>The memory of the silos, which knows no end of records.</summary>
    private const string Inner = "memory";

    /// <exception cref="ConfigurationUnusableException">Keys, folder or connection cannot be used on this machine.</exception>
    public static void AddStateStorage(this ISiloBuilder silo, StateConfiguration state, string service)
    {
        switch (state.Provider)
        {
            case StateProvider.File:
                var folder = new StateFolder(state.Folder, service);
                silo.Services.AddSingleton(_ => folder);
                silo.Services.AddSingleton<IRecordStore, FileRecordStore>();
                Protect(silo, state, service);
                break;
            case StateProvider.Redis:
                var server = RedisServer.Options(state.Redis!, "state.redis");
                silo.Services.AddSingleton<IRecordStore>(
                    services => new RedisRecordStore(server, service, services.GetRequiredService<TimeProvider>()));
                Protect(silo, state, service);
                break;
            default:
                // Orleans' own default is JSON, which does not read every value back that it wrote.
                silo.AddMemoryGrainStorage(Inner, options => options.Configure<Serializer>(
                    (memory, serializer) => memory.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer)));
                silo.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<ExpiringMemoryStorage>(
                    services, services.GetRequiredKeyedService<IGrainStorage>(Inner)));
                silo.Services.AddKeyedSingleton<IGrainStorage>(
                    GrainStorageNames.State, (services, _) => services.GetRequiredService<ExpiringMemoryStorage>());
                silo.Services.AddHostedService(services => services.GetRequiredService<ExpiringMemoryStorage>());
                break;
        }
    }

    private static void Protect(ISiloBuilder silo, StateConfiguration state, string service)
    {
        var keys = StateKeys.Read(state);
        silo.Services.AddSingleton(keys).AddSingleton<StateCipher>().AddSingleton<StateMeter>();
        silo.Services.AddKeyedSingleton<IGrainStorage>(GrainStorageNames.State, (services, _) =>
            ActivatorUtilities.CreateInstance<ProtectedGrainStorage>(services, service));
        silo.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<StateProbe>(services, service));
        silo.Services.AddSingleton<IReadiness>(services => services.GetRequiredService<StateProbe>());
        silo.Services.AddHostedService(services => services.GetRequiredService<StateProbe>());
        silo.Services.AddHostedService<StateSweep>();
    }
}
