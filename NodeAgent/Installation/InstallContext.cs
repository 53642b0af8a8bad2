using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Installation;

/// <summary>The node, its platform, and the settings that are installed.</summary>
/// <param name="Host">The node's files.</param>
/// <param name="Platform">What kind of node it is.</param>
/// <param name="Settings">The settings.</param>
/// <param name="SettingsText">As they are written.</param>
/// <param name="DryRun">Nothing may be changed, not even to make a secret.</param>
internal sealed record InstallContext(HostFiles Host, Platform Platform, AgentSettings Settings, string SettingsText, bool DryRun);
