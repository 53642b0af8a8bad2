using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// What the file of a silo said when the cluster last followed it; the key names machine and path. Internal: no client may call it.
/// </summary>
[Alias("rp.ISiloFileGrain")]
internal interface ISiloFileGrain : IGrainWithStringKey
{
    /// <summary>What names that content; <c>null</c> for none.</summary>
    [Alias("Get"), ResponseTimeout("00:00:03")]
    ValueTask<string?> Get();

    /// <summary>Keeps it.</summary>
    [Alias("Keep"), ResponseTimeout("00:00:05")]
    ValueTask Keep(string content);
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

    public async ValueTask Keep(string content) => await _state.Change(known =>
    {
        var now = time.GetUtcNow();
        return (known.Content == content && now - known.Kept < SiloFileState.Life / 8 ? known
            : new SiloFileState { Content = content, Kept = now }, true);
    });
}

/// <summary>What is kept of the file of a silo.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.silo-file-state")]
internal sealed record SiloFileState : IExpiringState
{
    /// <summary>How long it is kept after the last word of the silo.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(90);

    [Id(0)]
    public string? Content { get; init; }

    [Id(1)]
    public DateTimeOffset Kept { get; init; }

    public DateTimeOffset? KeepUntil => Kept + Life;
}
