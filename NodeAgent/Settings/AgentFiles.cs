namespace RegistryProxy.NodeAgent.Settings;

/// <summary>Where things are on a node.</summary>
internal static class AgentFiles
{
    /// <summary>The agent's file.</summary>
    public const string Settings = "/etc/registryproxy/nodeagent.yaml";

    /// <summary>The root-only socket by which the other commands ask the agent, beside the image service.</summary>
    public static string ControlSocketBeside(string listen) => Path.Combine(Path.GetDirectoryName(listen)!, "agent.sock");

    /// <summary>Where a file beside the settings is once they are installed; <c>null</c> for a path that means the same anywhere.</summary>
    public static string? Beside(string? path) => path is null || Path.IsPathRooted(path) ? null : Installed(path);

    /// <summary>Where a file that the settings name is once they are installed.</summary>
    public static string? Installed(string? path) => path is null ? null : Path.GetFullPath(path, Path.GetDirectoryName(Settings)!);
}
