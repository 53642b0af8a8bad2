using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Tests.Support.State;

/// <summary>The storage of a silo, whose writes of one state fail before or after they were made while a test says so.</summary>
internal sealed class FailingWrites(IGrainStorage storage, string state, FailingWrites.Plan plan) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        storage.ReadStateAsync(stateName, grainId, grainState);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var failure = stateName == state ? plan.Failure : WriteFailure.None;
        if (failure == WriteFailure.Before)
        {
            throw new IOException("before");
        }

        await storage.WriteStateAsync(stateName, grainId, grainState);
        if (failure == WriteFailure.After)
        {
            throw new IOException("after");
        }
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        storage.ClearStateAsync(stateName, grainId, grainState);

    /// <summary>Puts it before the storage of a silo.</summary>
    public static void Add(IServiceCollection services, string state, Plan plan)
    {
        var inner = services.Last(service => service.ServiceType == typeof(IGrainStorage)
            && Equals(service.ServiceKey, GrainStorageNames.State));
        services.Remove(inner);
        services.AddKeyedSingleton<IGrainStorage>(GrainStorageNames.State, (provider, key) =>
            new FailingWrites((IGrainStorage)inner.KeyedImplementationFactory!(provider, key), state, plan));
    }

    /// <summary>What becomes of the next writes.</summary>
    internal sealed class Plan
    {
        public WriteFailure Failure { get; set; }
    }
}

/// <summary>When a write fails.</summary>
internal enum WriteFailure
{
    None,

    Before,

    After,
}
