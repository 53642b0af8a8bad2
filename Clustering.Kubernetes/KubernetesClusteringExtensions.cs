using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Messaging;
using RegistryProxy.Clustering.Kubernetes.Membership;

namespace RegistryProxy.Clustering.Kubernetes;

/// <summary>Orleans membership in a custom resource of Kubernetes.</summary>
public static class KubernetesClusteringExtensions
{
    /// <summary>
    /// Has the silo join by the custom resource; see <c>deploy/kubernetes</c> for its definition and the rights that are needed.
    /// </summary>
    public static ISiloBuilder UseKubernetesClustering(this ISiloBuilder silo, Action<KubernetesClusteringOptions> configure)
    {
        AddResource(silo.Services, configure);
        silo.Services.AddSingleton<IMembershipTable, KubernetesMembershipTable>();
        silo.Services.AddHostedService<PodWatch>();
        return silo;
    }

    /// <summary>Has the client find gateways by the custom resource.</summary>
    public static IClientBuilder UseKubernetesClustering(this IClientBuilder client, Action<KubernetesClusteringOptions> configure)
    {
        AddResource(client.Services, configure);
        client.Services.AddSingleton<IGatewayListProvider, KubernetesGatewayListProvider>();
        return client;
    }

    private static void AddResource(IServiceCollection services, Action<KubernetesClusteringOptions> configure)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.Configure(configure);
        services.AddSingleton<ApiServer>();
        services.AddSingleton<ClusterResourceStore>();
    }
}
