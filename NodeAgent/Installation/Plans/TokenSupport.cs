using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// Whether a kubelet takes entries of providers that ask for the tokens of pods: one that does not know them reads its list strictly, and
/// does not start.
/// </summary>
internal static class TokenSupport
{
    /// <summary>How a kubelet since Kubernetes 1.34 knows the key, in its own program.</summary>
    private const string Key = "json:\"cacheType";

    private const string Version = "kubelet.config.k8s.io/v1";

    /// <summary>The kubelets of RKE2 and k3s, whose own programs are packed.</summary>
    private static readonly string[] OfRancher = ["/var/lib/rancher/rke2/bin/kubelet", "/var/lib/rancher/k3s/data/current/bin/k3s"];

    /// <exception cref="InstallRefusal">It does not, and what it would need.</exception>
    public static void RefuseWithout(InstallContext context, string config)
    {
        const string Needs = "frontDoors with workloads need Kubernetes 1.34 or later";
        var host = context.Host;
        string[] programs = context.Platform.HasKubeletWithin ? [.. OfRancher.Where(host.Exists)]
            : KubeletProgram.Find(context) is { } found ? [found] : [];
        programs = [.. programs.Where(one => IsKubeletItself(host.At(one)))];
        if (programs is [var program, ..] && !Array.Exists(programs, one => ProgramText.Contains(host.At(one), Key)))
        {
            throw new InstallRefusal(
                $"{Needs}: {program} does not know tokenAttributes.cacheType, and would not start with it; take workloads out of the "
                    + "settings, or update kubelet first");
        }

        if (host.Read(config) is { } text && !TextLines.IsBlank(text)
            && YamlSpans.Read(text, config)["apiVersion"]?.Value is { Length: > 0 } version && version != Version)
        {
            throw new InstallRefusal(
                $"{Needs}, and {config} is of {version}, which knows no tokenAttributes, so kubelet would not start with it: write it as "
                    + $"{Version}, or take workloads out of the settings");
        }
    }

    /// <summary>A script, or the program of snap, that starts it says nothing about it.</summary>
    private static bool IsKubeletItself(string place) => FileStatus.IsRegular(place) && Path.GetFileName(place) is "kubelet" or "k3s"
        && ProgramText.IsCompiled(place);
}
