namespace RegistryProxy.Configuration;

/// <summary>An HTTP proxy that makes tunnels by CONNECT.</summary>
/// <param name="Url">Scheme and authority; <c>null</c> for no proxy, whatever is set elsewhere.</param>
/// <param name="Username">The user of Basic credentials; <c>null</c> for none.</param>
/// <param name="Password">Its password; <c>null</c> for none.</param>
public sealed record ProxyConfiguration(Uri? Url, string? Username, SecretSource? Password)
{
    /// <summary>No proxy.</summary>
    public static ProxyConfiguration None { get; } = new(null, null, null);
}
