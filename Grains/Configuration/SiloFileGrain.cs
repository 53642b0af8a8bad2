using Orleans.CodeGeneration;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// What the file of a silo said when the cluster last followed it; the key names machine and path, or what silos that replace each other
/// have together. Internal: no client may call it.
/// </summary>
[Version(1), Alias("rp.ISiloFileGrain")]
internal interface ISiloFileGrain : IGrainWithStringKey
{
    /// <summary>What names that content; <c>null</c> for none.</summary>
    [Alias("Get"), ResponseTimeout("00:00:03")]
    ValueTask<string?> Get();

    /// <summary>Keeps it.</summary>
    [Alias("Keep"), ResponseTimeout("00:00:05")]
    ValueTask Keep(string content);

    /// <summary>
    /// What a content follows on that one of several silos has: what was in force when the first of them came with it. Repeated it is the
    /// same; <c>null</c> when nothing was kept yet.
    /// </summary>
    [Alias("See"), ResponseTimeout("00:00:05")]
    ValueTask<string?> See(string content);
}

/// <summary>Keeps it for a time beyond the last word of the silo.</summary>
[GrainType("silofile")]
internal sealed class SiloFileGrain(StateStore store, TimeProvider time) : Grain, ISiloFileGrain
{
    private Stored<SiloFileState> _state = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _state = store.Open<SiloFileState>("silofile", this.GetGrainId(), DeactivateOnIdle);
        return Task.CompletedTask;
    }

    public async ValueTask<string?> Get() => (await _state.Get()).Content;

    public async ValueTask Keep(string content) => await _state.Change(known => (known.Keep(content, time.GetUtcNow()), true));

    public async ValueTask<string?> See(string content) => await _state.Change(known => known.See(content));
}
