using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>The silos that clients may connect to.</summary>
internal sealed class KubernetesGatewayListProvider(ClusterResourceStore store, IOptions<GatewayOptions> options) : IGatewayListProvider
{
    public TimeSpan MaxStaleness => options.Value.GatewayListRefreshPeriod;

    public bool IsUpdatable => true;

    public Task InitializeGatewayListProvider() => Task.CompletedTask;

    public async Task<IList<Uri>> GetGateways()
    {
        var spec = await store.Read(CancellationToken.None);
        return
        [
            .. spec.Members.Keys.Select(key => MemberRows.ToEntry(key, spec))
                .Where(entry => entry is { Status: SiloStatus.Active, ProxyPort: > 0 })
                .Select(entry => SiloAddress.New(entry.SiloAddress.Endpoint.Address, entry.ProxyPort, entry.SiloAddress.Generation)
                    .ToGatewayUri()),
        ];
    }
}
