using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Installation.Merging;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>kubelet's image service: the agent under systemd, then one word to kubelet, by the safest way that the platform has.</summary>
internal static class ImageServicePlan
{
    private const string Flag = "--image-service-endpoint";
    private const string KubeletConfig = "/var/lib/kubelet/config.yaml";

    private static readonly (string Folder, string Pattern)[] UnitFiles =
    [
        ("/usr/lib/systemd/system/kubelet.service.d", "*.conf"), ("/etc/systemd/system/kubelet.service.d", "*.conf"), ("/lib/systemd/system/kubelet.service.d", "*.conf"),
        ("/etc/systemd/system", "kubelet.service"), ("/usr/lib/systemd/system", "kubelet.service"), ("/etc/default", "kubelet"), ("/etc/sysconfig", "kubelet"),
    ];

    public static InstallPlan Make(InstallContext context)
    {
        var endpoint = $"unix://{context.Settings.Listen}";
        RefuseToCutAChain(context, endpoint);
        return new InstallPlan
        {
            Target = InstallTarget.ImageService,
            Files = [.. AgentFilesPlan.Settings(context), AgentFilesPlan.Service(context), Kubelet(context, endpoint)],
            Programs = [context.Platform.Program],
            NeedsAgent = true,
            NeedsKubelet = true,
            Notes = ["every pod of this node can use the images that the node may pull; where that is too much, use --target credential-provider with workloads"],
        };
    }

    private static FileChange Kubelet(InstallContext context, string endpoint)
    {
        var (host, platform) = (context.Host, context.Platform);
        if ((platform.DropInDir ?? FindConfigDir(host)) is { } folder)
        {
            return host.Exists(folder)
                ? FileChange.Own(host, $"{folder}/50-registryproxy.conf", DropIn(endpoint))
                : throw new InstallRefusal($"{folder} is not there: this node is not as --platform {platform.Name} expects it (on EKS the agent needs AL2023, whose nodeadm makes it)");
        }

        if (platform.Name == "kubeadm")
        {
            var text = host.Read(KubeletConfig) ?? throw new InstallRefusal($"{KubeletConfig} is not there: this node has not joined a cluster by kubeadm yet");
            return FileChange.Merge(host, KubeletConfig, text, KubeletYaml.SetImageService(text, KubeletConfig, endpoint));
        }

        RefuseWithoutTheFlag(context);
        var flags = host.Read(platform.FlagFile!) ?? throw new InstallRefusal(
            $"{platform.FlagFile} is not there: this node does not let its kubelet be changed (GKE Autopilot and the like); use --target containerd-mirror or the platform's own registry settings");
        return FileChange.Merge(host, platform.FlagFile!, flags, ShellVariables.AddFlag(flags, platform.FlagFile!, platform.FlagVariable, Flag, endpoint, create: false));
    }

    /// <summary>The flag is deprecated since Kubernetes 1.27; a kubelet without it would not start.</summary>
    private static void RefuseWithoutTheFlag(InstallContext context)
    {
        string[] places = ["/home/kubernetes/bin/kubelet", "/usr/local/bin/kubelet", "/usr/bin/kubelet", "/opt/bin/kubelet"];
        var program = places.FirstOrDefault(context.Host.Exists) ?? throw new InstallRefusal("no kubelet was found on this node to ask whether it knows " + Flag);
        if (!ProgramText.Contains(context.Host.At(program), Flag.TrimStart('-')))
        {
            throw new InstallRefusal(
                $"{program} does not know {Flag} any more, and {context.Platform.Name} has no other place for an image service; use --target credential-provider or containerd-mirror");
        }
    }

    /// <summary>Whoever is in kubelet's way already must come behind this agent, not lose its place.</summary>
    private static void RefuseToCutAChain(InstallContext context, string endpoint)
    {
        var host = context.Host;
        string[] folders = [.. new[] { context.Platform.DropInDir, FindConfigDir(host) }.OfType<string>()];
        var known = folders.SelectMany(folder => host.List(folder, "*.conf")).Append(host.At(KubeletConfig)).Where(File.Exists).Select(file => BoundedFile.ReadText(file))
            .Select(KubeletYaml.ImageServiceOf).Concat(UnitFiles.SelectMany(place => host.List(place.Folder, place.Pattern)).Select(file => ShellVariables.FindFlag(BoundedFile.ReadText(file), Flag)))
            .OfType<string>().FirstOrDefault(value => value != endpoint);
        if (known is not null && (context.Settings.Runtime.IsDocker || $"unix://{context.Settings.Runtime.Socket}" != known))
        {
            throw new InstallRefusal($"kubelet's image service is {known} already; put it behind the agent with runtime: {{ type: cri, endpoint: \"{known}\" }} and install again");
        }

        if (known is not null && context.Platform.DropInDir is null && FindConfigDir(host) is null)
        {
            throw new InstallRefusal($"kubelet's image service {known} is set where only one can stand; give kubelet a --config-dir, or remove that setting, and install again");
        }
    }

    private static string? FindConfigDir(HostFiles host) => UnitFiles.SelectMany(place => host.List(place.Folder, place.Pattern))
        .Select(file => ShellVariables.FindFlag(BoundedFile.ReadText(file), "--config-dir")).FirstOrDefault(folder => folder is not null);

    private static string DropIn(string endpoint) => $"""
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        imageServiceEndpoint: {endpoint}

        """;
}
