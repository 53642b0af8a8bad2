namespace RegistryProxy.NodeAgent.Settings;

/// <summary>Where things are on a node.</summary>
internal static class AgentFiles
{
    /// <summary>The agent's file.</summary>
    public const string Settings = "/etc/registryproxy/nodeagent.yaml";

    /// <summary>Where a file that the settings name is once they are installed.</summary>
    public static string? Installed(string? path) => path is null ? null : Path.GetFullPath(path, Path.GetDirectoryName(Settings)!);
}
