using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Keeps the highest revision. It is stored, so that an old file does not come back with a restart of the whole cluster.</summary>
[GrainType("revision")]
internal sealed class RevisionGrain(StateStore store) : Grain, IRevisionGrain
{
    private Stored<RevisionState> _state = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _state = store.Open<RevisionState>(ClusterRecord.Revision.State, this.GetGrainId(), DeactivateOnIdle);
        return Task.CompletedTask;
    }

    public async ValueTask<RevisionAnswer> Compare(long revision, string content) => Answer(await _state.Get(), revision, content);

    public async ValueTask<RevisionAnswer> Offer(ClusterRevision offered)
    {
        var followed = await _state.Change(known =>
        {
            var next = known.Followed is { } followed && offered.Revision <= followed.Revision ? known
                : new RevisionState { Followed = offered };
            return (next, next);
        });
        return Answer(followed, offered.Revision, offered.Content);
    }

    private static RevisionAnswer Answer(RevisionState state, long revision, string content) =>
        state.Followed is not { } followed || revision > followed.Revision
        ? new RevisionAnswer(IsBehind: true, null)
        : new RevisionAnswer(IsBehind: false, revision == followed.Revision && content == followed.Content ? null : followed);
}

/// <summary>What is kept of the configuration.</summary>
[GenerateSerializer(IncludePrimaryConstructorParameters = false), Alias("rp.revision-state")]
internal sealed record RevisionState : IExpiringState
{
    [Id(0)]
    public ClusterRevision? Followed { get; init; }

    public DateTimeOffset? KeepUntil => null;
}
