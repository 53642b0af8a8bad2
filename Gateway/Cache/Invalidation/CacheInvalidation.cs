using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>Ends what is believed of something that is written.</summary>
internal sealed class CacheInvalidation(TagIndex tags, RepositoryLinkIndex linkIndex, InvalidationClock clock)
{
    public void Apply(in WriteTarget target, WriteStep step)
    {
        if (step is WriteStep.Refused)
        {
            clock.NoteRefused(target);
            return;
        }

        clock.Note(target, step is WriteStep.Done);
        tags.Forget(target);
        linkIndex.Forget(target);
    }
}
