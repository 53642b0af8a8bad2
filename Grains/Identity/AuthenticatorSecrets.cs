using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>Reads the secrets of one authenticator.</summary>
/// <param name="lasting">Keeps what was read last; <c>null</c> to take them as they lie there now.</param>
/// <param name="name">The authenticator among those of all tenants.</param>
internal sealed class AuthenticatorSecrets(LastingSecrets? lasting, string name)
{
    /// <summary>Reads one.</summary>
    /// <param name="key">Its key in the configuration.</param>
    /// <param name="purpose">What it is for, compared by value.</param>
    /// <param name="source">Where it is.</param>
    /// <exception cref="SecretUnavailableException">It cannot be read and never could, or was withdrawn.</exception>
    public Secret Read(string key, object purpose, SecretSource source) => lasting is null ? source.Read()
        : lasting.Read(LastingSecrets.OfAuthenticator(name, key), purpose, source.Read);
}
