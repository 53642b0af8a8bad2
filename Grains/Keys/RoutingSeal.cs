using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Keys;

/// <summary>
/// Authenticates what names a grain in a token that a client keeps, so that no stranger makes grains: HMAC-SHA256, half of it, under keys
/// that outlive every refresh token.
/// </summary>
internal sealed class RoutingSeal(RingKeys keys)
{
    private const int Length = 16;

    /// <summary>The characters of a seal.</summary>
    public static readonly int TextLength = Base64Url.GetEncodedLength(Length);

    /// <summary>Seals the name of a grain; <c>null</c> while a silo of an older version has the keys.</summary>
    /// <param name="kind">The kind of grain.</param>
    /// <param name="key">Its key.</param>
    /// <param name="cancellation">Ends the wait for the cluster's keys.</param>
    public async ValueTask<string?> Write(string kind, string key, CancellationToken cancellation = default) =>
        (await keys.Current(cancellation)).RoutingKeys is [var newest, ..] ? Base64Url.EncodeToString(Mac(newest, kind, key)) : null;

    /// <summary>Whether the seal is one of this cluster for this grain.</summary>
    public async ValueTask<bool> IsGood(string? seal, string kind, string key, CancellationToken cancellation = default)
    {
        if (seal is null || seal.Length != TextLength || !Base64Url.IsValid(seal))
        {
            return false;
        }

        var bytes = Base64Url.DecodeFromChars(seal);
        return IsGood(bytes, await keys.Current(cancellation), kind, key)
            || IsGood(bytes, await keys.Latest(cancellation), kind, key);
    }

    private static bool IsGood(byte[] seal, PublishedKeys published, string kind, string key)
    {
        foreach (var routing in published.RoutingKeys ?? [])
        {
            if (CryptographicOperations.FixedTimeEquals(Mac(routing, kind, key), seal))
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Mac(Secret key, string kind, string name) =>
        HMACSHA256.HashData(Convert.FromBase64String(key.Reveal()), Encoding.UTF8.GetBytes($"{kind}\0{name}"))[..Length];
}
