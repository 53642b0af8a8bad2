using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>A limit as the cluster knows it.</summary>
/// <param name="Shard">Which of the grains shares it out.</param>
/// <param name="Limit">Its name there.</param>
internal sealed record LimitName(int Shard, string Limit)
{
    /// <summary>The name of a limit.</summary>
    /// <param name="tenant">Whose limit it is.</param>
    /// <param name="kind">What is limited.</param>
    /// <param name="of">The identity or address that is limited; empty for the tenant.</param>
    public static LimitName Of(string tenant, string kind, string of)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}\n{kind}\n{of}"));
        return new LimitName(hash[0] % LimitSharing.Shards, Convert.ToHexString(hash.AsSpan(0, 16)));
    }
}
