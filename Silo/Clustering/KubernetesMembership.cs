using RegistryProxy.Clustering.Kubernetes;
using RegistryProxy.Configuration;

namespace RegistryProxy.Silo.Clustering;

/// <summary><c>cluster.provider: kubernetes</c></summary>
internal static class KubernetesMembership
{
    public static void UseKubernetesMembership(this ISiloBuilder silo, KubernetesApiConfiguration kubernetes)
    {
        silo.UseKubernetesClustering(options => (options.Namespace, options.Server, options.TokenFile, options.CaFile, options.WatchPods) =
            (kubernetes.Namespace, kubernetes.Server, kubernetes.TokenFile, kubernetes.Ca, kubernetes.WatchPods));
        silo.UseWatchedMembership();
    }
}
