using Orleans.Concurrency;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Has the silo that it runs on agree with its cluster. Public, since it tells nothing and takes nothing.</summary>
[Alias("rp.IRevisionSyncGrain"), SilosAlone]
public interface IRevisionSyncGrain : IGrainWithIntegerKey
{
    /// <summary>Takes over what the cluster follows, or offers what this silo has.</summary>
    [Alias("Agree"), ResponseTimeout("00:00:08")]
    ValueTask Agree();
}

/// <summary>Runs on the silo that asks: a stateless worker is always local.</summary>
[StatelessWorker(1), GrainType("revisionsync")]
internal sealed class RevisionSyncGrain(RevisionFeed feed) : Grain, IRevisionSyncGrain
{
    public async ValueTask Agree()
    {
        var cluster = GrainFactory.GetGrain<IRevisionGrain>(0);
        if (!feed.Settled.IsCompleted && feed.Local.Current.Missing.Count > 0
            && (await cluster.Compare(0, "")).Followed is { } before)
        {
            feed.Restore(before.ToSections().Parts);
        }

        if (!feed.Settled.IsCompleted && feed.Local.Current.Missing.Count > 0)
        {
            await GrainFactory.GetGrain<IPartSyncGrain>(0).Sync();
        }

        var (revision, sections) = feed.Highest;
        var answer = await cluster.Compare(revision, sections.Content);
        if (answer.IsBehind)
        {
            answer = await cluster.Offer(ClusterRevision.Of(revision, sections));
        }

        feed.Follow(answer.Followed?.Revision ?? revision, answer.Followed?.ToSections() ?? sections);
    }
}
