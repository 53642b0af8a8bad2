using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>Ends what is believed of something that is written.</summary>
internal sealed class CacheInvalidation(TagIndex tags, HoldingIndex holdings, WriteWatch writes)
{
    public void Apply(CacheChange change)
    {
        if (!RepositoryName.TryParse(change.Repository, out var repository) || !ManifestReference.TryParse(change.Reference, out var reference))
        {
            return;
        }

        var target = new WriteTarget(change.Upstream, repository, reference);
        writes.Note(target, change.IsFinished);
        tags.Forget(target);
        holdings.Forget(target);
    }
}
