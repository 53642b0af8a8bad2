using System.Buffers.Binary;
using System.Security.Cryptography;
using RegistryProxy.Protocol;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// A file of <see cref="FileRecordStore"/>: <c>RPF1</c>, the end in milliseconds since 1970 or 0 (8 bytes), the version (16), the length of
/// the name (4), the sealed name, the sealed state. A file that is nothing but a sealed state is of a former version.
/// </summary>
internal sealed record FileRecord(string ETag, DateTimeOffset? KeepUntil, byte[]? Name, byte[] Content)
{
    /// <summary>What a file may have before its sealed state, in bytes.</summary>
    public const int MaxHead = 64 * 1024;

    private const int TagLength = 16;
    private const int HeaderLength = 4 + sizeof(long) + TagLength + sizeof(int);

    private static ReadOnlySpan<byte> Magic => "RPF1"u8;

    /// <summary>Why what lies in the place of a file cannot be read; <c>null</c> when it was.</summary>
    public string? Damage { get; init; }

    public static FileRecord Damaged(string damage) => new("", null, null, []) { Damage = damage };

    public static string NewTag() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TagLength));

    /// <summary>Reads a file; what is none of ours comes out as a state that cannot be opened.</summary>
    public static FileRecord Read(byte[] file)
    {
        if (!file.AsSpan().StartsWith(Magic) || file.Length < HeaderLength
            || BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(HeaderLength - sizeof(int))) is var length
                && (length < 0 || length > file.Length - HeaderLength))
        {
            return new FileRecord(Convert.ToHexStringLower(SHA256.HashData(file))[..(2 * TagLength)], null, null, file);
        }

        var end = BinaryPrimitives.ReadInt64BigEndian(file.AsSpan(Magic.Length));
        return new FileRecord(
            Convert.ToHexStringLower(file.AsSpan(Magic.Length + sizeof(long), TagLength)),
            end is <= 0 or > 253_402_300_799_999 ? null : UnixTime.OfMilliseconds(end),
            file[HeaderLength..(HeaderLength + length)],
            file[(HeaderLength + length)..]);
    }

    public byte[] ToBytes()
    {
        var (name, header) = (Name ?? [], new byte[HeaderLength]);
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(Magic.Length), KeepUntil?.ToUnixTimeMilliseconds() ?? 0);
        Convert.FromHexString(ETag).CopyTo(header, Magic.Length + sizeof(long));
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(HeaderLength - sizeof(int)), name.Length);
        return [.. header, .. name, .. Content];
    }
}
