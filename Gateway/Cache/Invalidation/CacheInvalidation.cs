using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>Ends what is believed of something that is written.</summary>
internal sealed class CacheInvalidation(TagIndex tags, HoldingIndex holdings, WriteWatch writes)
{
    public void Apply(in WriteTarget target, WriteStep step)
    {
        if (step is WriteStep.Refused)
        {
            writes.NoteRefused(target);
            return;
        }

        writes.Note(target, step is WriteStep.Done);
        tags.Forget(target);
        holdings.Forget(target);
    }
}
