using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Has a silo agree with its cluster: what the cluster follows is in use here, and what is newer here is offered. Repeated it is harmless.
/// </summary>
internal readonly struct RevisionAgreement(RevisionFeed feed, FileHistory history)
{
    /// <param name="cluster">What the cluster follows.</param>
    /// <param name="file">What the file of this silo said.</param>
    /// <param name="findParts">Looks for last good texts of files that cannot be used.</param>
    public async ValueTask Agree(IRevisionGrain cluster, ISiloFileGrain file, Func<Task> findParts)
    {
        if (!feed.Settled.IsCompleted)
        {
            await Begin(cluster, file, findParts);
        }

        await FollowOwn(cluster);
        var (revision, sections) = feed.Highest;
        var answer = await cluster.Compare(revision, sections.Content);
        if (answer.IsBehind)
        {
            var first = history.First;
            answer = revision > 0 ? await cluster.Offer(ClusterRevision.Of(revision, sections))
                : await cluster.Propose(ClusterRevision.Of(first, sections.Numbered(first)), "");
            (revision, sections) = revision > 0 ? (revision, sections) : (first, sections.Numbered(first));
        }

        Follow(answer, revision, sections);
        if (feed.Propose(answer.Accepted) is { } proposal)
        {
            await Propose(cluster, proposal);
        }

        await history.Keep(file);
    }

    /// <summary>
    /// Silos get their files at about the same time: what another one brought before is here, and need not be sent again, however much it
    /// is.
    /// </summary>
    private async ValueTask FollowOwn(IRevisionGrain cluster)
    {
        if (feed.Own is { Content: not null, IsInForce: false } && await cluster.Followed() is var followed
            && followed.Revision > feed.Highest.Revision && feed.Find(followed.Revision, followed.Content) is { } own)
        {
            feed.Follow(followed.Revision, own);
        }
    }

    private async ValueTask Begin(IRevisionGrain cluster, ISiloFileGrain file, Func<Task> findParts)
    {
        if (feed.MayLackFiles)
        {
            feed.Restore((await cluster.Compare(0, "")).Followed?.ToSections());
        }

        if (feed.Local.Current.Missing.Count > 0)
        {
            await findParts();
        }

        await history.Recall(file);
    }

    private async ValueTask Propose(IRevisionGrain cluster, Proposal proposal)
    {
        var answer = await cluster.Propose(ClusterRevision.Of(proposal.Revision, proposal.Sections), proposal.Former);
        Follow(answer, proposal.Revision, proposal.Sections);
        if (answer.Followed is { } other && other.Content != proposal.Sections.Content)
        {
            feed.Lose(proposal);
        }
    }

    private void Follow(RevisionAnswer answer, long revision, SharedSections sections) =>
        feed.Follow(answer.Followed?.Revision ?? revision, answer.Followed?.ToSections() ?? sections);
}
