using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>Ends what is believed of something that is written.</summary>
internal sealed class CacheInvalidation(TagIndex tags, RepositoryLinkIndex linkIndex, InvalidationClock clock)
{
    /// <param name="target">What is written.</param>
    /// <param name="write">Which write it is.</param>
    /// <param name="step">How far it is.</param>
    public void Apply(in WriteTarget target, Guid write, WriteStep step)
    {
        if (step is WriteStep.Refused)
        {
            clock.NoteRefused(target, write);
            return;
        }

        clock.Note(target, write, step is WriteStep.Done);
        tags.Forget(target);
        linkIndex.Forget(target);
    }
}
