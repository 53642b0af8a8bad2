using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Keeps what the cluster follows. It is stored, so that an old file does not come back with a restart of the whole cluster.
/// </summary>
[GrainType("revision")]
internal sealed class RevisionGrain(StateStore store, TimeProvider time) : Grain, IRevisionGrain
{
    private Stored<RevisionState> _state = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _state = store.Open<RevisionState>(ClusterRecord.Revision.State, this.GetGrainId(), DeactivateOnIdle);
        return Task.CompletedTask;
    }

    public async ValueTask<RevisionAnswer> Compare(long revision, string content) =>
        (await _state.Get()).Answer(revision, content, time.GetUtcNow());

    public async ValueTask<RevisionAnswer> Offer(ClusterRevision offered) => (await Change(known => known.Offer(offered, time.GetUtcNow())))
        .Tell(offered.Revision, offered.Content, time.GetUtcNow());

    public async ValueTask<RevisionAnswer> Propose(ClusterRevision proposed, string former) =>
        (await Change(known => known.Propose(proposed, former, time.GetUtcNow())))
            .Tell(proposed.Revision, proposed.Content, time.GetUtcNow());

    public async ValueTask<FollowedContent> Accept(string content) =>
        Describe(await Change(known => known.Accept(content, time.GetUtcNow())));

    public async ValueTask<FollowedContent> Followed() => Describe(await _state.Get());

    private Task<RevisionState> Change(Func<RevisionState, RevisionState> change) => _state.Change(known =>
    {
        var next = change(known);
        return (next, next);
    });

    private static FollowedContent Describe(RevisionState state) =>
        new(state.Followed?.Revision ?? 0, state.Followed?.Content ?? "");
}
