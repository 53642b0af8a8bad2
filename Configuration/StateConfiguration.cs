using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>Where grains keep what must outlive them.</summary>
public sealed record StateConfiguration
{
    /// <summary>Default <see cref="StateProvider.Memory"/>.</summary>
    public StateProvider Provider { get; init; }

    /// <summary>Absolute path of the folder of <see cref="StateProvider.File"/>.</summary>
    public string Folder { get; init; } = "";

    /// <summary>The server of <see cref="StateProvider.Redis"/>.</summary>
    public RedisConfiguration? Redis { get; init; }

    /// <summary>
    /// The first encrypts, all decrypt. Never empty for <see cref="StateProvider.File"/> and <see cref="StateProvider.Redis"/>.
    /// </summary>
    public IReadOnlyList<EncryptionKeyConfiguration> EncryptionKeys { get; init; } = [];

    /// <summary>Ids of keys that are lost: records under them count as absent, and are removed.</summary>
    public IReadOnlyList<string> DiscardKeys { get; init; } = [];

    /// <summary>Says that a cluster is meant to run on memory state.</summary>
    public bool Volatile { get; init; }

    /// <summary>Whether two configurations keep state in the same place under the same keys.</summary>
    public bool IsSameAs(StateConfiguration other) =>
        Provider == other.Provider && Folder == other.Folder && Redis == other.Redis && EncryptionKeys.SequenceEqual(other.EncryptionKeys)
        && DiscardKeys.SequenceEqual(other.DiscardKeys);
}

/// <summary>The kinds of <see cref="StateConfiguration"/>.</summary>
public enum StateProvider
{
    /// <summary>Gone with the process.</summary>
    Memory,

    /// <summary>A folder of one machine, used by one process.</summary>
    File,

    /// <summary>A Redis that every silo reaches.</summary>
    Redis,
}

/// <summary>A Redis server.</summary>
/// <param name="Connection">As StackExchange.Redis reads it, such as <c>127.0.0.1:6379,ssl=true,user=rp</c>; it may hold a
/// password.</param>
/// <param name="Password">Read when the host starts; <c>null</c> for the one in the connection, or none.</param>
public sealed record RedisConfiguration(Secret Connection, SecretSource? Password);
