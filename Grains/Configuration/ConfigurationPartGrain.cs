using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Keeps a text for as long as somebody says now and then that it is in use, and some time beyond.</summary>
[GrainType("configurationpart")]
internal sealed class ConfigurationPartGrain(StateStore store, TimeProvider time) : Grain, IConfigurationPartGrain
{
    private Stored<PartState> _state = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _state = store.Open<PartState>("part", this.GetGrainId(), DeactivateOnIdle);
        return Task.CompletedTask;
    }

    public async ValueTask<ClusterPart?> Get() => (await _state.Get()).Part;

    public async ValueTask Keep(ClusterPart part) => await _state.Change(known =>
    {
        var now = time.GetUtcNow();
        var next = known.Part?.Text.Reveal() == part.Text.Reveal() && now - known.Kept < PartState.Life / 2 ? known
            : new PartState { Part = part, Kept = now };
        return (next, true);
    });
}

/// <summary>What is kept of a part.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.part-state")]
internal sealed record PartState : IExpiringState
{
    /// <summary>How long a text is kept that nobody says to be in use.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(90);

    [Id(0)]
    public ClusterPart? Part { get; init; }

    /// <summary>When it was last said to be in use.</summary>
    [Id(1)]
    public DateTimeOffset Kept { get; init; }

    public DateTimeOffset? KeepUntil => Kept + Life;
}
