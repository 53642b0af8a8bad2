using Orleans.Metadata;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <summary>
/// Whether there are silos of a former version, which know no shards: an <see cref="ICacheGrain"/> there does not say that gateways of a
/// former version follow it.
/// </summary>
internal sealed class FormerSilos(IClusterManifestProvider manifests, IClusterMembershipService members)
{
    private readonly Lock _gate = new();
    private (ClusterManifest? Manifest, ClusterMembershipSnapshot? Members, bool Exist) _known;

    /// <summary>Whether there is one now, or one of which nothing is known yet.</summary>
    public bool Exist
    {
        get
        {
            var (manifest, current) = (manifests.Current, members.CurrentSnapshot);
            lock (_gate)
            {
                if (_known.Manifest != manifest || _known.Members != current)
                {
                    _known = (manifest, current, Look(manifest, current));
                }

                return _known.Exist;
            }
        }
    }

    private static bool Look(ClusterManifest manifest, ClusterMembershipSnapshot members) => members.Members.Values
        .Where(member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown)
        .Any(member => !manifest.Silos.TryGetValue(member.SiloAddress, out var silo)
            || !silo.Grains.ContainsKey(WriteShardGrain.Type));
}
