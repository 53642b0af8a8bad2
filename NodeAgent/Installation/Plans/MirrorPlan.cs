using System.Security.Cryptography;
using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Mirror;
using Tomlyn.Syntax;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>containerd's mirrors: one <c>hosts.toml</c> for each registry that a front door serves.</summary>
internal static class MirrorPlan
{
    private const string Target = InstallTarget.ContainerdMirror;
    private const string Containerd = "/etc/containerd/config.toml";
    private const string Folder = "/etc/containerd/certs.d";

    public static TargetPlan Make(InstallContext context)
    {
        if (context.Platform.HasKubeletWithin)
        {
            throw new InstallRefusal(
                "k3s and RKE2 write containerd's hosts.toml anew from registries.yaml at every start, which has no place for the secret "
                    + "of the mirror: use --target credential-provider");
        }

        var mirror = context.Settings.Mirror
            ?? throw new InstallRefusal("the settings have no mirror: say mirror: { listen: …, frontDoors: { REGISTRY: URL } }");
        var folders = Folders(context);
        var secretFile = $"{context.Settings.StateDir}/mirror-secret";
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
                .. mirror.FrontDoors.Keys.Select(registry => (
                    $"{folders.FirstOrDefault(folder => context.Host.IsFolder($"{folder}/{registry}")) ?? folders[0]}/" +
                    $"{registry}/hosts.toml",
                    (Edit)new MirrorHost(
                        Target, registry, mirror.Listen, MirrorSecret.Header, context.DryRun ? "(made on the node)" : secret))),
            ],
            []);
    }

    /// <summary>The folders where containerd looks for a registry, the first that has it first.</summary>
    private static string[] Folders(InstallContext context)
    {
        var found = Files(context).SelectMany(
            file => ConfigPaths(HostsToml.Parse(context.Host.Read(file)!, file))).LastOrDefault(value => value.Length > 0)
            ?? throw new InstallRefusal(
                $"{Containerd} sets no config_path, so containerd would not read {Folder}; add it under the registry of the CRI plug-in, "
                    + $"config_path = \"{Folder}\", and restart containerd");
        return found.Split(':', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>containerd's configuration and what it imports.</summary>
    private static IEnumerable<string> Files(InstallContext context)
    {
        if (context.Host.Read(Containerd) is not { } text)
        {
            yield break;
        }

        yield return Containerd;
        var imports = HostsToml.Parse(text, Containerd).KeyValues.FirstOrDefault(
            pair => HostsToml.Name(pair.Key) == "imports")?.Value as ArraySyntax;
        foreach (var pattern in imports?.Items.Select(item => (item.Value as StringValueSyntax)?.Value).OfType<string>() ?? [])
        {
            var whole = Path.GetFullPath(pattern, Path.GetDirectoryName(Containerd)!);
            foreach (var file in context.Host.List(Path.GetDirectoryName(whole)!, Path.GetFileName(whole)))
            {
                yield return file;
            }
        }
    }

    private static IEnumerable<string> ConfigPaths(DocumentSyntax config) => config.KeyValues
        .Concat(
            config.Tables.Where(table => $"{table.Name}".Contains("registry", StringComparison.Ordinal)).SelectMany(table => table.Items))
        .Where(pair => pair.Key is { } key
            && (HostsToml.Name(key) == "config_path" || HostsToml.Name(key.DotKeys.LastOrDefault()?.Key) == "config_path"))
        .Select(pair => (pair.Value as StringValueSyntax)?.Value ?? "");

    /// <summary>The secret of this node, or a new one.</summary>
    private static string Secret(InstallContext context, string file) =>
        context.Host.Read(file)?.Trim() is { Length: > 0 } known ? known : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
}
