using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// One entry of <c>X-Forwarded-For</c>: an address as proxies write it, with a port or without. IPv6 may stand in brackets, and must where
/// a port follows; a zone counts for nothing, since it is one of another machine. <see cref="IPAddress"/> alone takes much more than that.
/// </summary>
internal static class ForwardedEntry
{
    private static readonly SearchValues<char> OfIPv6 = SearchValues.Create("0123456789abcdefABCDEF:.");

    public static bool TryParse(ReadOnlySpan<char> entry, out IPAddress address)
    {
        address = IPAddress.None;
        if (entry.StartsWith("["))
        {
            var end = entry.IndexOf(']');
            return end > 0 && IsPort(entry[(end + 1)..]) && TryIPv6(entry[1..end], out address);
        }

        var colon = entry.IndexOf(':');
        return colon >= 0 && entry[(colon + 1)..].Contains(':')
            ? TryIPv6(entry, out address)
            : IsPort(colon < 0 ? [] : entry[colon..]) && TryIPv4(colon < 0 ? entry : entry[..colon], out address);
    }

    /// <summary>Nothing, or a colon and a port.</summary>
    private static bool IsPort(ReadOnlySpan<char> text) =>
        text.IsEmpty || (text is [':', _, ..] && text.Length <= 6 && !text[1..].ContainsAnyExceptInRange('0', '9'));

    /// <summary>Four numbers without leading zeros, which others read as octal.</summary>
    private static bool TryIPv4(ReadOnlySpan<char> text, out IPAddress address) =>
        IPAddress.TryParse(text, out address!) && address.AddressFamily == AddressFamily.InterNetwork
            && text.SequenceEqual(address.ToString());

    private static bool TryIPv6(ReadOnlySpan<char> text, out IPAddress address)
    {
        address = IPAddress.None;
        var zone = text.IndexOf('%');
        var plain = zone < 0 ? text : text[..zone];
        if (zone == text.Length - 1 || plain.ContainsAnyExcept(OfIPv6)
            || !IPAddress.TryParse(plain, out var parsed) || parsed.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return false;
        }

        address = ClientAddress.Normal(parsed);
        return true;
    }
}
