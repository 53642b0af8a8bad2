using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.SnapshotUpdates;

/// <summary>What was kept under the configuration before and may not count any more; and how many tenants share the metrics now.</summary>
internal sealed class SnapshotCaches(
    DecisionCache decisions, AccessTokenCache tokens, UpstreamTokenCache upstreamTokens, UpstreamAccounts accounts,
    FailingUpstreams failing, TenantMeter meter, FormerTenants formerTenants)
{
    /// <param name="before">The configuration before; <c>null</c> when there was none.</param>
    /// <param name="snapshot">The one to use from now on.</param>
    /// <param name="change">What is another than in the one before; <c>null</c> when nobody says.</param>
    public void Drop(GatewaySnapshot? before, GatewaySnapshot snapshot, SnapshotChange? change)
    {
        meter.Serve(snapshot.Tenants.Count);
        DropDecisions(before, snapshot);
        accounts.Keep(snapshot.Upstreams);
        failing.Keep(snapshot.Upstreams);
        formerTenants.Drop(before, snapshot);
        if (before is null || !before.Keys.SequenceEqual(snapshot.Keys))
        {
            tokens.Clear();
        }

        if (change is not null)
        {
            upstreamTokens.Drop([.. change.Upstreams.Select(upstream => upstream.Name), .. change.GoneUpstreams]);
        }
        else if (before?.ConfigurationVersion != snapshot.ConfigurationVersion)
        {
            upstreamTokens.Clear();
        }
    }

    /// <summary>What was decided by rules that a tenant does not have any more is forgotten.</summary>
    private void DropDecisions(GatewaySnapshot? before, GatewaySnapshot after)
    {
        if (before is null || after.Tenants.Any(tenant => tenant.RulesStamp is null))
        {
            decisions.DropAll();
            return;
        }

        var former = before.Tenants.ToDictionary(tenant => tenant.Name, tenant => tenant.RulesStamp);
        foreach (var tenant in after.Tenants)
        {
            if (former.Remove(tenant.Name, out var rules) && rules != tenant.RulesStamp)
            {
                decisions.DropOutdated(tenant.Name, tenant.RulesStamp);
            }
        }

        foreach (var gone in former.Keys)
        {
            decisions.Drop(gone);
        }
    }
}
