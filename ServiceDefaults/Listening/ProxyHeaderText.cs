using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>Version 1 (§2.1): one line of text.</summary>
internal static class ProxyHeaderText
{
    /// <summary>With the line break, as the specification has it.</summary>
    private const int MaxLength = 107;

    private static readonly SearchValues<byte> OfAddresses = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    private static ReadOnlySpan<byte> Name => "PROXY "u8;

    public static ProxyHeader Read(ReadOnlySpan<byte> bytes)
    {
        var known = Math.Min(bytes.Length, Name.Length);
        if (!bytes[..known].SequenceEqual(Name[..known]))
        {
            return ProxyHeader.Malformed;
        }

        var end = bytes[..Math.Min(bytes.Length, MaxLength)].IndexOf("\r\n"u8);
        if (end < 0)
        {
            return bytes.Length < MaxLength ? ProxyHeader.Incomplete : ProxyHeader.Malformed;
        }

        return end < Name.Length ? ProxyHeader.Malformed : ReadLine(bytes[Name.Length..end], end + 2);
    }

    private static ProxyHeader ReadLine(ReadOnlySpan<byte> line, int length)
    {
        // What follows UNKNOWN is to be ignored.
        if (line.SequenceEqual("UNKNOWN"u8) || line.StartsWith("UNKNOWN "u8))
        {
            return new ProxyHeader(ProxyHeaderState.Complete, length);
        }

        Span<Range> fields = stackalloc Range[6];
        var family = line.StartsWith("TCP4 "u8) ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        return (line.StartsWith("TCP4 "u8) || line.StartsWith("TCP6 "u8)) && Split(line, fields) == 5
            && TryAddress(line[fields[1]], family, out var client) && TryAddress(line[fields[2]], family, out _)
            && TryPort(line[fields[3]], out var port) && TryPort(line[fields[4]], out _)
                ? new ProxyHeader(ProxyHeaderState.Complete, length, new IPEndPoint(client, port))
                : ProxyHeader.Malformed;
    }

    private static int Split(ReadOnlySpan<byte> line, Span<Range> fields)
    {
        var count = 0;
        foreach (var field in line.Split((byte)' '))
        {
            if (count == fields.Length)
            {
                return count;
            }

            fields[count++] = field;
        }

        return count;
    }

    /// <summary>Only what an address is written as: <see cref="IPAddress"/> takes more than that.</summary>
    private static bool TryAddress(ReadOnlySpan<byte> text, AddressFamily family, out IPAddress address)
    {
        address = IPAddress.None;
        if (text.ContainsAnyExcept(OfAddresses) || !IPAddress.TryParse(Encoding.ASCII.GetString(text), out var parsed)
            || parsed.AddressFamily != family
            || (family == AddressFamily.InterNetwork && parsed.ToString() != Encoding.ASCII.GetString(text)))
        {
            return false;
        }

        address = parsed;
        return true;
    }

    private static bool TryPort(ReadOnlySpan<byte> text, out int port) =>
        Utf8Parser.TryParse(text, out port, out var read) && read == text.Length && port is >= 0 and <= ushort.MaxValue
        && char.IsAsciiDigit((char)text[0]) && (text[0] != '0' || text.Length == 1);
}
