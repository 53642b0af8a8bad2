using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>Ends what is believed of something that is written.</summary>
internal sealed class CacheInvalidation(TagIndex tags, HoldingIndex holdings, WriteWatch writes)
{
    /// <param name="isFinished">Whether the upstream is known to be done with it.</param>
    public void Apply(in WriteTarget target, bool isFinished)
    {
        writes.Note(target, isFinished);
        tags.Forget(target);
        holdings.Forget(target);
    }
}
