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
        silo.Services.AddSingleton<IMembershipMemory, NoMemory>();
        silo.UseLastingMembership();
    }

    /// <summary>etcd acknowledges what a majority has on its disks: there is nothing to put back.</summary>
    private sealed class NoMemory : IMembershipMemory
    {
        public Task Remember(CancellationToken cancellation) => Task.CompletedTask;

        public Task<bool> Restore(CancellationToken cancellation) => Task.FromResult(false);
    }
}
