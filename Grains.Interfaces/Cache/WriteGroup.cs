namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Which of the <see cref="Shards"/> shards tells gateways of the writes of a repository, and its group there. Every process of a cluster,
/// of whichever version, has the same: neither the numbers nor the hash ever change.
/// </summary>
/// <param name="Shard">The key of the <see cref="IWriteShardGrain"/>, from 0.</param>
/// <param name="Group">The group of repositories in that shard, from 0.</param>
public readonly record struct WriteGroup(int Shard, int Group)
{
    /// <summary>How many shards there are.</summary>
    public const int Shards = 16;

    /// <summary>How many groups a shard has: repositories of one group are told together.</summary>
    public const int Groups = 256;

    /// <summary>The group of a repository.</summary>
    /// <param name="upstream">The address of the upstream.</param>
    /// <param name="repository">The repository's name there.</param>
    public static WriteGroup Of(string upstream, string repository)
    {
        var hash = (StableHash.ComputeHash(upstream) * 0x9E3779B1) ^ StableHash.ComputeHash(repository);
        return new((int)(hash % Shards), (int)(hash / Shards % Groups));
    }
}
