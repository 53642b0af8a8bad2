using Orleans.Concurrency;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Has the silo that it runs on agree with its cluster. Public, since it tells nothing and takes nothing.</summary>
[Alias("rp.IRevisionSyncGrain")]
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
        var (revision, sections) = feed.Highest;
        var answer = await cluster.Compare(revision, sections.Content);
        if (answer.IsBehind)
        {
            answer = await cluster.Offer(new ClusterRevision(revision, sections.Content, sections.Text));
        }

        var followed = answer.Followed ?? new ClusterRevision(revision, sections.Content, sections.Text);
        feed.Follow(followed.Revision, new SharedSections(followed.Text, followed.Content));
    }
}
