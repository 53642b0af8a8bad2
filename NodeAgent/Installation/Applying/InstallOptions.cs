namespace RegistryProxy.NodeAgent.Installation.Applying;

/// <summary>How a target is installed or uninstalled.</summary>
/// <param name="Services">Whether services may be started and restarted; files alone otherwise.</param>
/// <param name="DryRun">Shows what would change and changes nothing.</param>
/// <param name="Retry">Retries an installation that failed on this node.</param>
internal readonly record struct InstallOptions(bool Services, bool DryRun, bool Retry);
