using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tokens;

/// <summary>
/// Keyed hashes of Basic credentials: whoever reads them in memory cannot try passwords against them. Taken of the decoded pair, so that
/// one pair has one spelling.
/// </summary>
/// <param name="User">Who it is said to be: a user of a tenant at an address.</param>
/// <param name="Pair">The tenant, the user and the password.</param>
internal readonly record struct BasicCredentialHash(BasicUser User, UInt128 Pair)
{
    /// <summary>Bytes beyond which a pair is not looked for: of what is taken the longest is a refresh token.</summary>
    private const int MaxBytes = 12 * 1024;

    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    /// <summary>Reads an Authorization header; <c>null</c> when it is malformed or the pair belongs to no user.</summary>
    public static BasicCredentialHash? Read(string tenant, ReadOnlySpan<char> header, CallerAddress from)
    {
        var text = header["Basic ".Length..].Trim(' ');
        var prefix = Encoding.UTF8.GetByteCount(tenant) + 1;
        var size = prefix + (text.Length / 4 * 3) + 3;
        if (size > MaxBytes)
        {
            return null;
        }

        Span<byte> bytes = size <= 1024 ? stackalloc byte[size] : new byte[size];
        Encoding.UTF8.GetBytes(tenant, bytes);
        bytes[prefix - 1] = 0;
        if (!Convert.TryFromBase64Chars(text, bytes[prefix..], out var length)
            || bytes.Slice(prefix, length).IndexOf((byte)':') is not (>= 0 and var colon))
        {
            return null;
        }

        var pair = Hash(bytes[..(prefix + length)]);
        var user = bytes.Slice(prefix, colon);

        // A refresh token is nobody's name: it stands for itself.
        var isToken = user.IsEmpty || user.SequenceEqual("<token>"u8) || user[0] == '_';
        return new BasicCredentialHash(new BasicUser(isToken ? pair : Hash(bytes[..(prefix + colon)]), from), pair);
    }

    private static UInt128 Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(Key, bytes, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}

/// <summary>A user name of a tenant, as somebody at an address says it.</summary>
/// <param name="Name">The keyed hash of both.</param>
/// <param name="From">The address.</param>
internal readonly record struct BasicUser(UInt128 Name, CallerAddress From);
