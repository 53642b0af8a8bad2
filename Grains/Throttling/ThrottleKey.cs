using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// What a budget is remembered by: sixteen bytes, however long the text of the client is, under a key of this process, so that nobody finds
/// two texts with one budget.
/// </summary>
internal readonly record struct ThrottleKey(UInt128 Value)
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    /// <summary>The key of a name in its parts.</summary>
    public static ThrottleKey Of(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Key);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in parts)
        {
            var bytes = MemoryMarshal.AsBytes(part.AsSpan());
            BitConverter.TryWriteBytes(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return new(MemoryMarshal.Read<UInt128>(digest));
    }
}
