using System.Buffers.Binary;

namespace RegistryProxy.Tests.Support.Wire;

/// <summary>What a client of TLS may begin with (RFC 8446 §4.1.2), and what a hostile one begins with.</summary>
internal static class HelloBytes
{
    /// <summary>A record with the head of a handshake message and nothing of it.</summary>
    /// <param name="length">The length that the head announces, in bytes.</param>
    public static byte[] Announcing(int length) => Record([1, (byte)(length >> 16), (byte)(length >> 8), (byte)length]);

    /// <summary>A whole hello, in one record.</summary>
    /// <param name="hasShare">Without a key share the server asks for another hello.</param>
    /// <param name="padding">Bytes of its padding (RFC 7685).</param>
    public static byte[] Whole(bool hasShare = true, int padding = 0) => Record(Message(hasShare, padding));

    /// <summary>The handshake message of a hello, without a record.</summary>
    public static byte[] Message(bool hasShare = true, int padding = 0)
    {
        byte[] share = hasShare ? [0, 0x17, .. Vector(GeneratorOfP256)] : [];
        byte[] extensions =
        [
            .. Extension(0x2b, [2, 3, 4]), .. Extension(0x0a, Vector([0, 0x17, 0, 0x18])), .. Extension(0x0d, Vector([4, 3, 8, 4])),
            .. Extension(0x33, Vector(share)), .. padding > 0 ? Extension(0x15, new byte[padding]) : [],
        ];
        byte[] body = [3, 3, .. new byte[32], 0, .. Vector([0x13, 1]), 1, 0, .. Vector(extensions)];
        return [1, 0, .. Vector(body)];
    }

    /// <summary>A record of the handshake.</summary>
    public static byte[] Record(ReadOnlySpan<byte> content) => [22, 3, 1, .. Vector(content)];

    private static byte[] GeneratorOfP256 =>
    [
        4, .. Convert.FromHexString("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"),
        .. Convert.FromHexString("4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"),
    ];

    private static byte[] Extension(ushort type, byte[] content) => [(byte)(type >> 8), (byte)type, .. Vector(content)];

    private static byte[] Vector(ReadOnlySpan<byte> content)
    {
        var vector = new byte[2 + content.Length];
        BinaryPrimitives.WriteUInt16BigEndian(vector, (ushort)content.Length);
        content.CopyTo(vector.AsSpan(2));
        return vector;
    }
}
