namespace RegistryProxy.NodeAgent.Installation;

/// <summary>Where a kind of node keeps what kubelet reads.</summary>
/// <param name="Name">As <c>--platform</c> names it.</param>
/// <param name="ProgramDir">Where programs may be put and run.</param>
/// <param name="FlagFile">The file of kubelet's flags; <c>null</c> where there is none.</param>
/// <param name="FlagVariable">The variable in that file.</param>
/// <param name="DropInDir">kubelet's <c>--config-dir</c>; <c>null</c> where it must be found.</param>
/// <param name="ProviderConfig">The configuration of credential providers.</param>
/// <param name="ProviderDir">The folder of their programs.</param>
/// <param name="OwnsProviderConfig">Whether there is no such configuration unless this program makes it.</param>
internal sealed record Platform(
    string Name, string ProgramDir, string? FlagFile, string FlagVariable, string? DropInDir, string ProviderConfig, string ProviderDir, bool OwnsProviderConfig)
{
    private const string Programs = "/opt/registryproxy/bin";

    private static readonly Platform Kubeadm = new(
        "kubeadm", Programs, "/etc/default/kubelet", "KUBELET_EXTRA_ARGS", null, "/etc/kubernetes/registryproxy/credential-provider.yaml", "/opt/registryproxy/plugins", true);

    private static readonly Platform Eks = new(
        "eks", Programs, null, "", "/etc/kubernetes/kubelet/config.json.d", "/etc/eks/image-credential-provider/config.json", "/etc/eks/image-credential-provider", false);

    /// <summary>Container-Optimized OS runs programs from there and hardly anywhere else.</summary>
    private static readonly Platform Gke = new(
        "gke", "/home/kubernetes/bin", "/etc/default/kubelet", "KUBELET_OPTS", null, "/etc/srv/kubernetes/cri_auth_config.yaml", "/home/kubernetes/bin", false);

    private static readonly Platform Aks = new(
        "aks", Programs, "/etc/default/kubelet", "KUBELET_FLAGS", null, "/var/lib/kubelet/credential-provider-config.yaml", "/var/lib/kubelet/credential-provider", false);

    public static readonly string[] Names = ["gke", "eks", "aks", "kubeadm"];

    /// <summary>The program of the agent.</summary>
    public string Program => $"{ProgramDir}/registryproxy-nodeagent";

    /// <summary>The platform of a name, or the one that a node looks like.</summary>
    public static Platform Of(string? name, HostFiles host) => name switch
    {
        "eks" => Eks,
        "gke" => Gke,
        "aks" => Aks,
        "kubeadm" => host.Exists("/etc/sysconfig/kubelet") ? Kubeadm with { FlagFile = "/etc/sysconfig/kubelet" } : Kubeadm,
        _ when host.Exists("/etc/eks") => Eks,
        _ when host.Exists("/home/kubernetes") => Gke,
        _ when host.Exists("/etc/kubernetes/azure.json") => Aks,
        _ => Of("kubeadm", host),
    };
}
