using System.Buffers.Binary;
using System.Net;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>Version 2 (§2.2): a signature, a command, a family, a length, addresses, and additions (TLV) that are not used here. A valid
/// family that is not known here counts as none.</summary>
internal static class ProxyHeaderBinary
{
    private const int FixedLength = 16;
    private const int VersionAndLocal = 0x20;
    private const int VersionAndProxy = 0x21;
    private const int Unspecified = 0x00;
    private const int Tcp4 = 0x11;
    private const int Tcp6 = 0x21;

    /// <summary>UDP over IPv4 and IPv6, and streams and datagrams of Unix: valid, and nobody's address here.</summary>
    private static ReadOnlySpan<byte> Others => [0x12, 0x22, 0x31, 0x32];

    private static ReadOnlySpan<byte> Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    public static ProxyHeader Read(ReadOnlySpan<byte> bytes)
    {
        var known = Math.Min(bytes.Length, Signature.Length);
        if (!bytes[..known].SequenceEqual(Signature[..known]))
        {
            return ProxyHeader.Malformed;
        }

        if (bytes.Length < FixedLength)
        {
            return ProxyHeader.Incomplete;
        }

        var length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (length > ProxyHeader.MaxLength || bytes[12] is not (VersionAndLocal or VersionAndProxy))
        {
            return ProxyHeader.Malformed;
        }

        if (bytes.Length < length)
        {
            return ProxyHeader.Incomplete;
        }

        return bytes[12] == VersionAndLocal ? new ProxyHeader(ProxyHeaderState.Complete, length)
            : ReadAddresses(bytes[13], bytes[FixedLength..length], length);
    }

    private static ProxyHeader ReadAddresses(byte family, ReadOnlySpan<byte> addresses, int length) => family switch
    {
        Unspecified => new ProxyHeader(ProxyHeaderState.Complete, length),
        Tcp4 when addresses.Length >= 12 => Of(addresses[..4], addresses[8..], length),
        Tcp6 when addresses.Length >= 36 => Of(addresses[..16], addresses[32..], length),
        _ => Others.Contains(family) ? new ProxyHeader(ProxyHeaderState.Complete, length) : ProxyHeader.Malformed,
    };

    private static ProxyHeader Of(ReadOnlySpan<byte> client, ReadOnlySpan<byte> port, int length) =>
        new(ProxyHeaderState.Complete, length, new IPEndPoint(new IPAddress(client), BinaryPrimitives.ReadUInt16BigEndian(port)));
}
