namespace RegistryProxy.Configuration;

/// <summary>Where the running configuration comes from: a watched file, or the built-in default.</summary>
public interface IConfigurationFeed
{
    /// <summary>The last good configuration.</summary>
    ConfigurationSnapshot Current { get; }

    /// <summary>Raised after <see cref="Current"/> changed, on a thread-pool thread.</summary>
    event Action? Changed;
}
