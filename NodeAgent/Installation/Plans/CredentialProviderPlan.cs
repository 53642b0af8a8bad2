using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// kubelet's credential provider: the program under the names that the configuration has, merged into the one that kubelet reads.
/// </summary>
internal static class CredentialProviderPlan
{
    private const string Target = InstallTarget.CredentialProvider;
    private const string OwnConfig = "/etc/kubernetes/registryproxy/credential-provider.yaml";

    private static readonly string[] Programs = ["k3s", "rke2"];

    public static TargetPlan Make(InstallContext context)
    {
        var entries = ProviderEntry.Of(context.Settings);
        if (entries.Count == 0)
        {
            throw new InstallRefusal("the settings name no frontDoors");
        }

        Bootstrap.RefuseBefore(context);
        var (config, folder, flags) = Places(context);
        if (entries.Any(entry => entry.Audience is not null))
        {
            TokenSupport.RefuseWithout(context, config);
        }

        if (flags.Count == 0 && !context.Host.Exists(config) && !context.Platform.HasKubeletWithin)
        {
            throw new InstallRefusal($"{config} is not there: this node is not as --platform {context.Platform.Name} expects it");
        }

        return new TargetPlan(
            new TargetRecord
            {
                Name = Target, Programs = [context.Platform.Program], NeedsAgent = false, ProviderConfig = config, ProviderFolder = folder,
                Links = entries.ToDictionary(entry => $"{folder}/{entry.Name}", _ => context.Platform.Program),
            },
            [
                .. AgentUnit.Settings(Target, context), (config, new Providers(Target, entries)), .. flags,
                .. context.Platform.RewritesAtBoot ? [AgentUnit.KubeletAfterAgent(Target, context)] : Array.Empty<(string, Edit)>(),
            ],
            entries.Any(entry => entry.Audience is not null)
                ? [$"kubelet may ask for tokens of {string.Join(", ", entries.Select(entry => entry.Audience).OfType<string>())} only "
                    + $"where RBAC lets it: see deploy/nodeagent/workloads"]
                : []);
    }

    /// <summary>Where kubelet looks already; else where it is told to look.</summary>
    private static (string Config, string Folder, IReadOnlyList<(string, Edit)> Flags) Places(InstallContext context)
    {
        var (view, platform) = (context.Kubelet, context.Platform);
        if (platform.HasKubeletWithin)
        {
            RefuseOther(context.Host);
            return (platform.ProviderConfig, platform.ProviderDir, []);
        }

        var (config, folder) = (view.PathOf(KubeletView.ProviderConfigFlag), view.PathOf(KubeletView.ProviderFolderFlag));
        if (!view.HasUnit && platform.OwnsProviderConfig && (config is null || config == OwnConfig))
        {
            throw new InstallRefusal(
                "no unit of this node starts a kubelet, so nothing would read the flags: MicroK8s, k0s and Talos are set up "
                    + "by their own configuration (docs/nodeagent/install.md)");
        }

        if (config == OwnConfig || (config is null && folder is null && view.IsKnown))
        {
            var (file, variable) = view.WhereIs(KubeletView.ProviderConfigFlag) ?? view.FlagVariable
                ?? throw new InstallRefusal("kubelet's unit takes its flags from no variable: give kubelet a configuration of credential "
                    + "providers, and install again");
            var own = platform.OwnsProviderConfig ? platform.ProviderDir : "/opt/registryproxy/plugins";
            return (
                OwnConfig, own,
                [Flag(file, variable, KubeletView.ProviderConfigFlag, OwnConfig),
                    Flag(file, variable, KubeletView.ProviderFolderFlag, own)]);
        }

        if (config is null && folder is null)
        {
            return (platform.ProviderConfig, platform.ProviderDir, []);
        }

        return config is not null && folder is not null
            ? (config, folder, [])
            : throw new InstallRefusal(
                $"kubelet gets {(config is null ? KubeletView.ProviderFolderFlag : KubeletView.ProviderConfigFlag)} without its other "
                    + $"half, so it uses no provider: set both or none, and install again");
    }

    /// <summary>k3s and RKE2 may be told other places, in files or by the command of their unit.</summary>
    private static void RefuseOther(HostFiles host)
    {
        var files = Programs.SelectMany(name => host.List($"/etc/rancher/{name}/config.yaml.d", "*.yaml")
                .Prepend($"/etc/rancher/{name}/config.yaml"))
            .Concat(KubeletUnit.FilesOfRancher(host));
        if (files.FirstOrDefault(file => host.Read(file)?.Split('\n').Any(NamesProviders) == true) is { } other)
        {
            throw new InstallRefusal(
                $"{other} names other places of credential providers: put a link there, or take it out, and install again");
        }
    }

    /// <summary>Flags may be written with low lines, too.</summary>
    private static bool NamesProviders(string line) => line.AsSpan().TrimStart() is not ['#' or ';', ..]
        && line.Replace('_', '-').Contains("image-credential-provider", StringComparison.Ordinal);

    private static (string, Edit) Flag(string file, string variable, string flag, string value) =>
        (file, new KubeletFlag(Target, variable, flag, value, null));
}
