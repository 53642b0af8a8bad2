using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>The node, its platform, and the settings that are installed.</summary>
/// <param name="Host">The node's files.</param>
/// <param name="Platform">What kind of node it is.</param>
/// <param name="Settings">The settings.</param>
/// <param name="SettingsText">As they are written.</param>
internal sealed record InstallContext(HostFiles Host, Platform Platform, AgentSettings Settings, string SettingsText)
{
    /// <summary>What kubelet will be started with.</summary>
    public KubeletView Kubelet { get; } = KubeletView.Of(Host, Platform);

    /// <summary>What is installed already.</summary>
    public NodeRecord Record { get; init; } = NodeRecord.Empty;
}
