using System.Security.Cryptography;
using System.Text;

namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>Who sent bytes into the cache: an upstream, as one tenant uses it.</summary>
/// <param name="Tenant">The tenant, whose share of the disk the bytes count against.</param>
/// <param name="Upstream">The upstream with its address and account (<see cref="Tenants.Upstream.Identity"/>).</param>
internal readonly record struct Supplier(string Tenant, string Upstream)
{
    private const char Separator = '-';

    /// <summary>The folder of its files: <c>SHARE-UPSTREAM</c>, hashes both.</summary>
    public string Owner => $"{Hash(Tenant)}{Separator}{Hash(Upstream)}";

    /// <summary>The share of the disk that a folder counts against: its tenant's.</summary>
    public static string ShareOf(string owner) => owner.IndexOf(Separator) is var end and >= 0 ? owner[..end] : owner;

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
