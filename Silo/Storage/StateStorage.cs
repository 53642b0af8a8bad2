using Orleans.Storage;
using RegistryProxy.Configuration;
using RegistryProxy.Grains;
using RegistryProxy.ServiceDefaults.Redis;

namespace RegistryProxy.Silo.Storage;

/// <summary>The grain storage <see cref="GrainStorageNames.State"/> as configured.</summary>
internal static class StateStorage
{
    /// <summary>The storage that the encryption lies upon.</summary>
    private const string Inner = "sealed";

    /// <exception cref="ConfigurationUnusableException">Keys, folder or connection cannot be used on this machine.</exception>
    public static void AddStateStorage(this ISiloBuilder silo, StateConfiguration state)
    {
        switch (state.Provider)
        {
            case StateProvider.File:
                var folder = new StateFolder(state.Folder);
                silo.Services.AddSingleton(_ => folder);
                silo.Services.AddKeyedSingleton<IGrainStorage>(Inner, (services, _) =>
                    ActivatorUtilities.CreateInstance<FileGrainStorage>(services, new SealedRecordSerializer()));
                Protect(silo, state);
                break;
            case StateProvider.Redis:
                var server = RedisServer.Options(state.Redis!, "state.redis");
                silo.AddRedisGrainStorage(Inner, redis =>
                {
                    redis.ConfigurationOptions = server;
                    redis.GrainStorageSerializer = new SealedRecordSerializer();
                    redis.DeleteStateOnClear = true;
                });
                Protect(silo, state);
                break;
            default:
                silo.AddMemoryGrainStorage(GrainStorageNames.State);
                break;
        }
    }

    private static void Protect(ISiloBuilder silo, StateConfiguration state)
    {
        var cipher = new StateCipher(StateKeys.Read(state));
        silo.Services.AddSingleton<StateMeter>();
        silo.Services.AddKeyedSingleton<IGrainStorage>(GrainStorageNames.State, (services, _) =>
            ActivatorUtilities.CreateInstance<ProtectedGrainStorage>(services, services.GetRequiredKeyedService<IGrainStorage>(Inner), cipher));
    }
}
