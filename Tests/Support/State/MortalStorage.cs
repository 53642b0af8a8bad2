using Orleans.Storage;

namespace RegistryProxy.Tests.Support.State;

/// <summary>The way of one silo to a storage: once it has died nothing more is sent, and what was sent arrives all the same.</summary>
internal sealed class MortalStorage(IGrainStorage storage) : IGrainStorage
{
    private readonly TaskCompletionSource _never = new();
    private bool _isDead;

    public void Die() => _isDead = true;

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _isDead ? _never.Task : storage.ReadStateAsync(stateName, grainId, grainState);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _isDead ? _never.Task : storage.WriteStateAsync(stateName, grainId, grainState);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        _isDead ? _never.Task : storage.ClearStateAsync(stateName, grainId, grainState);
}
