using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.SnapshotUpdates;

/// <summary>
/// Forgets what this gateway keeps for the administrators of a tenant when the tenant is gone: its name may be somebody else's next.
/// </summary>
/// <param name="forget">Forgets what is known under the name of a tenant.</param>
internal sealed class FormerTenants(params Action<string>[] forget)
{
    /// <summary>Forgets tenants that are gone, and those that have none of their hosts any more.</summary>
    /// <param name="before">The configuration before; <c>null</c> when there was none.</param>
    /// <param name="now">The one from now on.</param>
    public void Drop(GatewaySnapshot? before, GatewaySnapshot now)
    {
        var left = now.Tenants.ToDictionary(tenant => tenant.Name);
        foreach (var tenant in before?.Tenants ?? [])
        {
            if (!left.TryGetValue(tenant.Name, out var next)
                || (!ReferenceEquals(next, tenant) && !next.Hosts.Intersect(tenant.Hosts).Any()))
            {
                Array.ForEach(forget, one => one(tenant.Name));
            }
        }
    }
}
