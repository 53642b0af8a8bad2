using RegistryProxy.Configuration;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary>What a host was started with.</summary>
/// <param name="Source">The running configuration.</param>
/// <param name="ConfigPath">The file it came from; <c>null</c> for the built-in one.</param>
/// <param name="ListenData">Overrides <c>listen.data</c>.</param>
/// <param name="ListenAdmin">Overrides <c>listen.admin</c>.</param>
public sealed record HostStart(IConfigurationFeed Source, string? ConfigPath, Uri? ListenData, Uri? ListenAdmin)
{
    /// <summary>The data listener.</summary>
    public Uri Data => ListenData ?? Source.Current.Configuration.Listen.Data;

    /// <summary>The listener for other gateways; <c>null</c> for none.</summary>
    public Uri? Peer => Source.Current.Configuration.Listen.Peer;

    /// <summary>The admin listener.</summary>
    public Uri Admin => ListenAdmin ?? Source.Current.Configuration.Listen.Admin;
}
