namespace RegistryProxy.Configuration;

/// <summary>A good file that this host cannot be started with, such as one that names a key which is not on this machine.</summary>
/// <param name="field">The path of the field, such as <c>state.encryptionKeys</c>.</param>
/// <param name="message">What is wrong and what mends it; never the value of a secret.</param>
public sealed class ConfigurationUnusableException(string field, string message) : Exception($"{field}: {message}");
