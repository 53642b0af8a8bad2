using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Protocol;

/// <summary>
/// What counts as one caller: an IPv4 address, or the /64 of an IPv6 address, which is one customer's. Many a customer has a /48 with
/// 65,536 of those (RFC 6177): whatever is budgeted for a caller is budgeted for its <see cref="Site"/>, too.
/// </summary>
public readonly record struct CallerAddress
{
    /// <summary>How many times the budget of one caller all callers of a site have together.</summary>
    public const int MaxOfSite = 8;

    private readonly UInt128 _bits;

    /// <summary>Of <see cref="_bits"/>, from the left; 0 when the address is not known.</summary>
    private readonly byte _length;

    private CallerAddress(UInt128 bits, byte length) => (_bits, _length) = (bits, length);

    /// <summary>The /48 that the caller belongs to; itself, where it has an IPv4 address or none.</summary>
    public CallerAddress Site => _length == 64 ? new(_bits & (UInt128.MaxValue << 80), 48) : this;

    /// <summary>Whether the site is more than the caller.</summary>
    public bool HasSite => _length == 64;

    /// <summary>The caller with an address.</summary>
    public static CallerAddress Of(IPAddress? address)
    {
        if (address is null)
        {
            return default;
        }

        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        address.TryWriteBytes(bytes, out _);
        var bits = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return address.AddressFamily != AddressFamily.InterNetworkV6 ? new(bits, 32)
            : address.IsIPv4MappedToIPv6 ? new(bits << 96, 32)
            : new(bits & (UInt128.MaxValue << 64), 64);
    }

    /// <summary>The caller with an address as text; all texts that are none are one caller.</summary>
    public static CallerAddress Of(string address) => Of(IPAddress.TryParse(address, out var parsed) ? parsed : null);

    /// <summary>Its bits in hexadecimal and how many of them count; empty when it is not known.</summary>
    public override string ToString() =>
        _length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{_bits >> (128 - _length):x}/{_length}");
}
