namespace RegistryProxy.Configuration;

/// <summary>A configuration that never changes by itself.</summary>
public sealed class FixedConfiguration(ConfigurationSnapshot current) : IConfigurationFeed
{
    public event Action? Changed;

    public ConfigurationSnapshot Current { get; private set; } = current;

    /// <summary>Replaces the configuration, as a reload would.</summary>
    public void Replace(ConfigurationSnapshot next)
    {
        Current = next;
        Changed?.Invoke();
    }
}
