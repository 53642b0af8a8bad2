using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace RegistryProxy.Grains.Upstreams.Keeping;

/// <summary>Gives the grains of upstreams their kept state.</summary>
internal sealed class Keeper([FromKeyedServices(GrainStorageNames.State)] IGrainStorage storage, ILogger<Keeper> logger)
{
    /// <summary>Reads the state of a grain that is being activated.</summary>
    public async Task<KeptState<T>> Open<T>(string name, GrainId grain)
        where T : class, new()
    {
        var state = new KeptState<T>(storage, name, grain, logger);
        await state.Read();
        return state;
    }
}
