using RegistryProxy.Configuration;

namespace RegistryProxy.Silo.Storage;

/// <summary>The keys of the state at rest: the first encrypts, all decrypt; what lies under a discarded one is given up.</summary>
internal sealed class StateKeys(IReadOnlyList<(string Id, byte[] Key)> keys, IReadOnlyList<string>? discarded = null)
{
    public string Current => keys[0].Id;

    public IEnumerable<string> Ids => keys.Select(key => key.Id);

    public byte[]? Find(string id) => keys.FirstOrDefault(key => key.Id == id).Key;

    public bool IsDiscarded(string id) => discarded?.Contains(id) == true;

    /// <summary>Reads the keys that a silo was configured with.</summary>
    /// <exception cref="ConfigurationUnusableException">One of them is missing or not a key.</exception>
    public static StateKeys Read(StateConfiguration state)
    {
        try
        {
            return new StateKeys([.. state.EncryptionKeys.Select(key => (key.Id, key.Read()))], state.DiscardKeys);
        }
        catch (SecretUnavailableException fault)
        {
            throw new ConfigurationUnusableException("state.encryptionKeys", fault.Message);
        }
    }
}
