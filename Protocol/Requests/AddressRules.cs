using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Protocol;

/// <summary>
/// Which addresses may be dialled (IANA special-purpose registries). Link-local, metadata, multicast, broadcast and unspecified
/// addresses never; loopback and private ones only where the configuration says so; IPv6 forms that embed an IPv4 address count as it.
/// </summary>
public static class AddressRules
{
    private static readonly IPNetwork[] Never =
    [
        .. Networks("0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32",
            "224.0.0.0/4", "240.0.0.0/4"),
        .. Networks("::/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254/128", "fd20:ce::254/128", "2001:db8::/32", "2001::/32",
            "64:ff9b:1::/48", "100::/64"),
    ];

    private static readonly IPNetwork[] Private =
    [
        .. Networks("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15"),
        .. Networks("::1/128", "fc00::/7"),
    ];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    /// <summary>IPv4-translated addresses (RFC 2765 §2.1).</summary>
    private static readonly IPNetwork Translated = IPNetwork.Parse("::ffff:0:0:0/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Whether a socket may be opened to the address.</summary>
    public static bool MayDial(IPAddress address, bool allowPrivate)
    {
        address = Embedded(address);
        return !Contains(Never, address) && (allowPrivate || !Contains(Private, address));
    }

    private static IPAddress Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        if (address.IsIPv4MappedToIPv6 || Nat64.Contains(address) || Translated.Contains(address) || IsIPv4Compatible(bytes))
        {
            return new IPAddress(bytes.AsSpan(12));
        }

        return SixToFour.Contains(address) ? new IPAddress(bytes.AsSpan(2, 4)) : address;
    }

    private static bool IsIPv4Compatible(byte[] bytes) =>
        !bytes.AsSpan(0, 12).ContainsAnyExcept((byte)0) && bytes.AsSpan(12, 3).ContainsAnyExcept((byte)0);

    private static bool Contains(IPNetwork[] networks, IPAddress address) => Array.Exists(networks, network => network.Contains(address));

    private static IEnumerable<IPNetwork> Networks(params string[] networks) => networks.Select(IPNetwork.Parse);
}
