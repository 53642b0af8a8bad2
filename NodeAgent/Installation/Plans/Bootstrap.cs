using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// Platforms that write kubelet's files at boot: an image of theirs does not have them yet. One whose kubelet has a configuration has
/// booted, wherever that lies.
/// </summary>
internal static class Bootstrap
{
    /// <exception cref="InstallRefusal">The files are not written yet, and what is written in their place would be replaced.</exception>
    public static void RefuseBefore(InstallContext context)
    {
        var (host, platform) = (context.Host, context.Platform);
        if (platform.RewritesAtBoot && !context.Kubelet.ConfigFiles.Any()
            && !new[] { platform.FlagFile, platform.Config, platform.DropInDir }.OfType<string>().Any(host.Exists))
        {
            throw new InstallRefusal(
                $"nodeadm has not run on this node: it writes {platform.FlagFile} and {platform.Config} when the node boots, and would "
                    + "replace what is put there now; install at boot, behind nodeadm (user data), or by the DaemonSet");
        }
    }
}
