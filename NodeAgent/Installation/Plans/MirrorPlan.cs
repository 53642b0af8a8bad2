using System.Security.Cryptography;
using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Mirror;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>containerd's mirrors: one <c>hosts.toml</c> for each registry that a front door serves.</summary>
internal static class MirrorPlan
{
    private const string Target = InstallTarget.ContainerdMirror;

    public static TargetPlan Make(InstallContext context)
    {
        if (context.Platform.HasKubeletWithin)
        {
            throw new InstallRefusal(
                "k3s and RKE2 regenerate containerd's hosts.toml from registries.yaml at every start, which has no place for the secret "
                    + "of the mirror: use --target credential-provider");
        }

        var mirror = context.Settings.Mirror
            ?? throw new InstallRefusal("the settings have no mirror: say mirror: { listen: …, frontDoors: { REGISTRY: URL } }");
        RuntimeMatch.RefuseOtherThanContainerd(context);
        var containerd = ContainerdConfig.Read(context.Host);
        var folders = containerd.Folders;
        var secretFile = $"{context.Settings.InstalledStateDir}/mirror-secret";
        var secret = Secret(context, secretFile);
        return new TargetPlan(
            new TargetRecord
            {
                Name = Target, Programs = [context.Platform.Program], NeedsAgent = true,
                Links = new Dictionary<string, string> { [AgentUnit.Wanted] = AgentUnit.File },
            },
            [
                .. AgentUnit.Settings(Target, context), AgentUnit.Service(Target, context),
                (secretFile, new OwnFile(Target, secret, Secret: true)),
                .. mirror.FrontDoors.Keys.Select(registry => Host(
                    context, folders, registry, mirror.Listen, secret)),
            ],
            folders.Length > 1 && containerd.MayNotReadLists
                ? [$"containerd 2.1 and later do not read {string.Join(':', folders)}, a list, unless use_local_image_pull = true: name "
                    + "one folder as config_path, and restart containerd"]
                : []);
    }

    private static (string, Edit) Host(InstallContext context, string[] folders, string registry, Uri listen, string secret)
    {
        var (file, text) = RegistryFolder.Of(context.Host, context.Record, folders, registry);
        return (file, new MirrorHost(Target, registry, listen, MirrorSecret.Header, secret, text));
    }

    /// <summary>The secret of this node, or a new one.</summary>
    private static string Secret(InstallContext context, string file) =>
        context.Host.Read(file)?.Trim() is { Length: > 0 } known ? known : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
}
