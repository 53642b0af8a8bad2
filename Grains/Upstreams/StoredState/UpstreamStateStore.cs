using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Upstreams.StoredState;

/// <summary>Gives the grains of upstreams their kept state. On memory state nothing is kept: it would outlive nothing.</summary>
internal sealed class UpstreamStateStore(StateStore store, IConfigurationFeed configuration, ILogger<UpstreamStateStore> logger)
{
    /// <summary>Reads the state of a grain that is being activated.</summary>
    public async Task<StoredUpstreamState<T>> Open<T>(string name, GrainId grain)
        where T : class, new()
    {
        var stored = configuration.Current.Configuration.State.Provider == StateProvider.Memory ? null : store.Open<T>(name, grain);
        var state = new StoredUpstreamState<T>(stored, name, logger);
        await state.Read();
        return state;
    }
}
