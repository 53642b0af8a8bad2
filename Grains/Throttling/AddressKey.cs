using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.Grains.Throttling;

/// <summary>What counts as one caller: an IPv4 address, or the /64 of an IPv6 address, which is one customer's.</summary>
internal static class AddressKey
{
    public static string Of(string address)
    {
        if (!IPAddress.TryParse(address, out var ip) || ip.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        return ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4().ToString() : Convert.ToHexStringLower(ip.GetAddressBytes().AsSpan(0, 8));
    }
}
