namespace RegistryProxy.Grains.Configuration;

/// <summary>Keeps the highest revision. It is stored, so that an old file does not come back with a restart of the whole cluster.</summary>
[GrainType("revision")]
internal sealed class RevisionGrain(
    [PersistentState("revision", GrainStorageNames.State)] IPersistentState<RevisionState> state) : Grain, IRevisionGrain
{
    public ValueTask<RevisionAnswer> Compare(long revision, string content) => new(Answer(revision, content));

    public async ValueTask<RevisionAnswer> Offer(ClusterRevision offered)
    {
        if (state.State.Followed is not { } followed || offered.Revision > followed.Revision)
        {
            var before = state.State.Followed;
            state.State.Followed = offered;
            try
            {
                await state.WriteStateAsync();
            }
            catch (Exception)
            {
                state.State.Followed = before;
                DeactivateOnIdle();
                throw;
            }
        }

        return Answer(offered.Revision, offered.Content);
    }

    private RevisionAnswer Answer(long revision, string content) => state.State.Followed is not { } followed || revision > followed.Revision
        ? new RevisionAnswer(IsBehind: true, null)
        : new RevisionAnswer(IsBehind: false, revision == followed.Revision && content == followed.Content ? null : followed);
}

/// <summary>What is kept of the configuration.</summary>
[GenerateSerializer, Alias("rp.revision-state")]
internal sealed class RevisionState
{
    [Id(0)]
    public ClusterRevision? Followed { get; set; }
}
