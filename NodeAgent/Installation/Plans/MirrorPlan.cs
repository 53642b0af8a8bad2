using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Mirror;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>containerd's mirrors: one <c>hosts.toml</c> for each registry that a front door serves.</summary>
internal static class MirrorPlan
{
    private const string Containerd = "/etc/containerd/config.toml";
    private const string Folder = "/etc/containerd/certs.d";

    public static InstallPlan Make(InstallContext context)
    {
        var host = context.Host;
        var mirror = context.Settings.Mirror ?? throw new InstallRefusal("the settings have no mirror: say mirror: { listen: …, frontDoors: { REGISTRY: URL } }");
        if (host.Read(Containerd)?.Contains("config_path", StringComparison.Ordinal) != true)
        {
            throw new InstallRefusal(
                $"{Containerd} sets no config_path, so containerd would not read {Folder}; add it under the registry of the CRI plug-in, config_path = \"{Folder}\", and restart containerd");
        }

        var secret = context.DryRun ? "(made on the node)" : MirrorSecret.Obtain(host.At(context.Settings.StateDir)).Reveal();
        return new InstallPlan
        {
            Target = InstallTarget.ContainerdMirror,
            Files = [.. AgentFilesPlan.Settings(context), AgentFilesPlan.Service(context), .. mirror.FrontDoors.Keys.Select(registry => Hosts(host, registry, mirror.Listen, secret))],
            Programs = [context.Platform.Program],
            NeedsAgent = true,
        };
    }

    /// <summary>The secret is in it: for root alone, whatever its mode was.</summary>
    private static FileChange Hosts(HostFiles host, string registry, Uri mirror, string secret)
    {
        var path = $"{Folder}/{registry}/hosts.toml";
        var before = host.Read(path);
        var merged = HostsToml.Add(before, registry, mirror, MirrorSecret.Header, secret);
        return new FileChange(path, before, merged.Text, UnixFileMode.UserRead | UnixFileMode.UserWrite, merged.Inserted);
    }
}
