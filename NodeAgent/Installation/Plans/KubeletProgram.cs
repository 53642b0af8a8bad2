using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>The kubelet of a node, asked without running it.</summary>
internal static class KubeletProgram
{
    private static readonly string[] Places = ["/home/kubernetes/bin/kubelet", "/usr/local/bin/kubelet", "/usr/bin/kubelet",
        "/opt/bin/kubelet"];

    /// <summary>
    /// Where it is: as its unit says, else where it usually is; <c>null</c> when it is nowhere. A script that starts it says nothing about
    /// it, and comes last.
    /// </summary>
    public static string? Find(InstallContext context) =>
        Places.Prepend(context.Kubelet.Program).OfType<string>()
            .Where(place => place.StartsWith('/') && context.Host.Exists(place))
            .OrderBy(place => ProgramText.IsCompiled(context.Host.At(place)) ? 0 : 1).FirstOrDefault();

    /// <summary>The flag is deprecated since Kubernetes 1.27; a kubelet without it would not start.</summary>
    public static void RefuseWithoutTheFlag(InstallContext context)
    {
        const string Flag = KubeletView.ImageServiceFlag;
        var program = Find(context) ?? throw new InstallRefusal("no kubelet was found on this node to ask whether it knows " + Flag);
        if (!ProgramText.Contains(context.Host.At(program), Flag.TrimStart('-')))
        {
            throw new InstallRefusal(
                $"{program} does not know {Flag} any more, and {context.Platform.Name} has no other place for an image service; use "
                    + $"--target credential-provider or containerd-mirror");
        }
    }
}
