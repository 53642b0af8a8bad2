using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Platforms;

/// <summary>Where a kind of node keeps what kubelet reads.</summary>
/// <param name="Name">As <c>--platform</c> names it.</param>
/// <param name="ProgramDir">Where programs may be put and run.</param>
/// <param name="FlagFile">The file of kubelet's flags; <c>null</c> where there is none.</param>
/// <param name="FlagVariable">The variable in that file.</param>
/// <param name="Config">kubelet's configuration where nothing says otherwise; <c>null</c> for none.</param>
/// <param name="DropInDir">kubelet's <c>--config-dir</c> where nothing says otherwise; <c>null</c> for none.</param>
/// <param name="ProviderConfig">The configuration of credential providers.</param>
/// <param name="ProviderDir">The folder of their programs.</param>
/// <param name="OwnsProviderConfig">Whether there is no such configuration unless this program makes it.</param>
internal sealed record Platform(
    string Name, string ProgramDir, string? FlagFile, string FlagVariable, string? Config, string? DropInDir, string ProviderConfig,
        string ProviderDir, bool OwnsProviderConfig)
{
    private const string Programs = "/opt/registryproxy/bin";

    private static readonly Platform Kubeadm = new(
        "kubeadm", Programs, "/etc/default/kubelet", "KUBELET_EXTRA_ARGS", "/var/lib/kubelet/config.yaml", null,
        "/etc/kubernetes/registryproxy/credential-provider.yaml", "/opt/registryproxy/plugins", true);

    private static readonly Platform Eks = new(
        "eks", Programs, "/etc/eks/kubelet/environment", "NODEADM_KUBELET_ARGS", "/etc/kubernetes/kubelet/config.json",
            "/etc/kubernetes/kubelet/config.json.d",
        "/etc/eks/image-credential-provider/config.json", "/etc/eks/image-credential-provider", false);

    /// <summary>Container-Optimized OS runs programs from there and hardly anywhere else.</summary>
    private static readonly Platform Gke = new(
        "gke", "/home/kubernetes/bin", "/etc/default/kubelet", "KUBELET_OPTS", null,
            null, "/etc/srv/kubernetes/cri_auth_config.yaml", "/home/kubernetes/bin", false);

    private static readonly Platform Aks = new(
        "aks", Programs, "/etc/default/kubelet", "KUBELET_FLAGS", null,
            null, "/var/lib/kubelet/credential-provider-config.yaml", "/var/lib/kubelet/credential-provider", false);

    /// <summary>k3s and RKE2, which look for credential providers there where nothing says otherwise, whoever puts them.</summary>
    private static readonly Platform Rancher = new(
        "k3s", Programs, null, "", null, null, "/var/lib/rancher/credentialprovider/config.yaml",
            "/var/lib/rancher/credentialprovider/bin", true);

    public static readonly string[] Names = ["gke", "eks", "aks", "kubeadm", "k3s"];

    /// <summary>Whether kubelet is no program of its own, and takes its settings from <c>/etc/rancher</c>.</summary>
    public bool HasKubeletWithin => Name == "k3s";

    /// <summary>Whether the platform writes kubelet's files anew when the node starts.</summary>
    public bool RewritesAtBoot => Name == "eks";

    /// <summary>The program of the agent.</summary>
    public string Program => $"{ProgramDir}/registryproxy-nodeagent";

    /// <summary>
    /// Whether the agent's unit may read below <c>/home</c>, <c>/root</c> and <c>/run/user</c>, since its program lies there.
    /// </summary>
    public bool ShowsHome => ProgramDir.StartsWith("/home/", StringComparison.Ordinal);

    /// <summary>The platform of a name, or the one that a node looks like.</summary>
    /// <exception cref="InstallRefusal">The node looks like one that cannot be changed from here.</exception>
    public static Platform Of(string? name, HostFiles host) => name switch
    {
        null when host.Exists("/usr/share/bottlerocket") || host.Exists("/.bottlerocket") => throw new InstallRefusal(
            "this is Bottlerocket, whose kubelet has no setting for an image service or a further credential provider: see "
                + "docs/nodeagent/install.md"),
        null when host.Exists("/etc/machine-config-daemon") => throw new InstallRefusal(
            "this is OpenShift, whose machine config daemon calls a node degraded when its files differ: say it in a MachineConfig, see "
                + "docs/nodeagent/install.md"),
        null when KubeletUnit.IsOfRancher(host) => Rancher,
        "k3s" => Rancher,
        "eks" => Eks,
        "gke" => Gke,
        "aks" => Aks,
        "kubeadm" => host.Exists("/etc/sysconfig/kubelet") ? Kubeadm with { FlagFile = "/etc/sysconfig/kubelet" } : Kubeadm,
        _ when host.Exists("/etc/eks") => Eks,
        _ when host.Exists("/etc/kubernetes/azure.json") => Aks,
        _ when IsOfGoogle(host) => Gke,
        _ => Of("kubeadm", host),
    };

    /// <summary>Not the home of a user called <c>kubernetes</c>.</summary>
    private static bool IsOfGoogle(HostFiles host) => host.Exists("/etc/srv/kubernetes") || host.Exists("/home/kubernetes/bin/kubelet")
        || host.Read("/etc/os-release")?.Split('\n').Any(line => line.Trim() is "ID=cos" or "ID=\"cos\"") == true;
}
