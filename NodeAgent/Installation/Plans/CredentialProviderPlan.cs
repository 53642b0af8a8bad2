using RegistryProxy.NodeAgent.Installation.Merging;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>kubelet's credential provider: the program under the names that the configuration has, merged into what the platform brings.</summary>
internal static class CredentialProviderPlan
{
    private const string ConfigFlag = "--image-credential-provider-config";
    private const string DirFlag = "--image-credential-provider-bin-dir";

    public static InstallPlan Make(InstallContext context)
    {
        var (host, platform) = (context.Host, context.Platform);
        var entries = ProviderEntry.Of(context.Settings);
        if (entries.Count == 0)
        {
            throw new InstallRefusal("the settings name no frontDoors");
        }

        var (config, folder, flags) = Places(context);
        return new InstallPlan
        {
            Target = InstallTarget.CredentialProvider,
            Files = [.. AgentFilesPlan.Settings(context), Config(host, platform, config, entries), .. flags is null ? [] : new[] { flags }],
            Programs = [platform.Program],
            Links = [.. entries.Select(entry => $"{folder}/{entry.Name}")],
            NeedsKubelet = true,
            Notes = entries.Any(entry => entry.Audience is not null)
                ? [$"kubelet may ask for tokens of {string.Join(", ", entries.Select(entry => entry.Audience).OfType<string>())} only where RBAC lets it: see deploy/nodeagent/workloads"]
                : [],
        };
    }

    /// <summary>Where kubelet looks already; else where it is told to look.</summary>
    private static (string Config, string Folder, FileChange? Flags) Places(InstallContext context)
    {
        var (host, platform) = (context.Host, context.Platform);
        if (!platform.OwnsProviderConfig)
        {
            return (platform.ProviderConfig, platform.ProviderDir, null);
        }

        var text = host.Read(platform.FlagFile!) ?? "";
        if (ShellVariables.FindFlag(text, ConfigFlag) is { } config && ShellVariables.FindFlag(text, DirFlag) is { } folder)
        {
            return (config, folder, null);
        }

        var (first, second) = (
            ShellVariables.AddFlag(text, platform.FlagFile!, platform.FlagVariable, ConfigFlag, platform.ProviderConfig, create: true),
            new Func<string, Merged>(merged => ShellVariables.AddFlag(merged, platform.FlagFile!, platform.FlagVariable, DirFlag, platform.ProviderDir, create: true)));
        var both = second(first.Text);
        var inserted = $" {ConfigFlag}={platform.ProviderConfig} {DirFlag}={platform.ProviderDir}";
        return (platform.ProviderConfig, platform.ProviderDir, host.Exists(platform.FlagFile!)
            ? FileChange.Merge(host, platform.FlagFile!, text, new Merged(both.Text, inserted))
            : FileChange.Own(host, platform.FlagFile!, both.Text));
    }

    private static FileChange Config(HostFiles host, Platform platform, string path, IReadOnlyList<ProviderEntry> entries)
    {
        if (host.Read(path) is { } text && !(platform.OwnsProviderConfig && path == platform.ProviderConfig))
        {
            return FileChange.Merge(host, path, text, ProviderConfigMerge.Add(text, path, entries));
        }

        return platform.OwnsProviderConfig
            ? FileChange.Own(host, path, ProviderEntry.File(entries))
            : throw new InstallRefusal($"{path} is not there: this node is not as --platform {platform.Name} expects it");
    }
}
