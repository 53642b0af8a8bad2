namespace RegistryProxy.NodeAgent.Installation.Requests;

/// <summary>This node cannot be changed as was asked, and why; nothing was changed.</summary>
internal sealed class InstallRefusal(string message) : Exception(message);
