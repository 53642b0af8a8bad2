namespace RegistryProxy.NodeAgent.Settings;

/// <summary>Where things are on a node.</summary>
internal static class AgentFiles
{
    /// <summary>The agent's file.</summary>
    public const string Settings = "/etc/registryproxy/nodeagent.yaml";
}
