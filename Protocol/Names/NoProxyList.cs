using System.Globalization;
using System.Net;

namespace RegistryProxy.Protocol;

/// <summary>
/// Targets that no proxy is used for: <c>host</c> (and what is below it), <c>.suffix</c> and <c>*.suffix</c> (what is below it alone), an
/// address, a network such as <c>10.0.0.0/8</c>, each but networks with <c>:port</c> or without, and <c>*</c>. Addresses and networks count
/// for targets that are dialled by address.
/// </summary>
public sealed class NoProxyList : IEquatable<NoProxyList>
{
    private readonly Entry[] _entries;
    private readonly string _text;

    private NoProxyList(IEnumerable<string> entries)
    {
        string[] texts = [.. entries];
        _entries = [.. texts.Select(Entry.Of).OfType<Entry>()];
        _text = string.Join(',', texts);
    }

    /// <summary>Nothing.</summary>
    public static NoProxyList Empty { get; } = new([]);

    /// <summary>The list of entries; those that are none are left out.</summary>
    public static NoProxyList Of(IEnumerable<string> entries) => new(entries);

    /// <summary>Whether a text is an entry.</summary>
    public static bool IsEntry(string text) => Entry.Of(text) is not null;

    /// <summary>Whether a target is on the list.</summary>
    /// <param name="host">A name, or an address without brackets.</param>
    /// <param name="port">Its port.</param>
    public bool Has(string host, int port)
    {
        var address = IPAddress.TryParse(host, out var ip) ? Plain(ip) : null;
        var name = host.TrimEnd('.');
        return Array.Exists(_entries, entry => (entry.Port is null || entry.Port == port) && entry.Has(name, address));
    }

    public bool Equals(NoProxyList? other) => other is not null && other._text == _text;

    public override bool Equals(object? obj) => Equals(obj as NoProxyList);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The entries as they were written, separated by commas.</summary>
    public override string ToString() => _text;

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <param name="Name">Empty for everything.</param>
    /// <param name="IsOnlyBelow">Whether the name itself is not meant.</param>
    private sealed record Entry(string Name, bool IsOnlyBelow, IPNetwork? Network, int? Port)
    {
        public static Entry? Of(string text)
        {
            text = text.Trim();
            if (text == "*")
            {
                return new Entry("", false, null, null);
            }

            if (text.Contains('/'))
            {
                return IPNetwork.TryParse(text, out var network) ? new Entry("", false, network, null) : null;
            }

            var (host, port) = Split(text);
            if (port is < 1 or > 65535)
            {
                return null;
            }

            if (IPAddress.TryParse(host, out var address) && (host.Contains(':') || host.Count(character => character == '.') == 3))
            {
                var plain = Plain(address);
                return new Entry("", false, new IPNetwork(plain, plain.GetAddressBytes().Length * 8), port);
            }

            var isBelow = host.StartsWith("*.", StringComparison.Ordinal) || host.StartsWith('.');
            var name = (isBelow ? host[(host.IndexOf('.') + 1)..] : host).TrimEnd('.');
            return name.Length > 0 && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_')
                ? new Entry(name, isBelow, null, port) : null;
        }

        public bool Has(string name, IPAddress? address) =>
            Network is { } network ? address is not null && network.Contains(address)
            : Name.Length == 0
              || (!IsOnlyBelow && name.Equals(Name, StringComparison.OrdinalIgnoreCase))
              || (name.Length > Name.Length && name[^(Name.Length + 1)] == '.' && name.EndsWith(Name, StringComparison.OrdinalIgnoreCase));

        /// <summary>Host and port; a port of 0 is none that can be.</summary>
        private static (string Host, int? Port) Split(string text)
        {
            // The parser of addresses drops a port behind brackets.
            var bare = text.StartsWith('[') && text.EndsWith(']') ? text[1..^1] : text;
            if ((!bare.StartsWith('[') && IPAddress.TryParse(bare, out _)) || text.LastIndexOf(':') is not (>= 0 and var colon))
            {
                return (bare, null);
            }

            var port = int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            return (text[..colon].TrimStart('[').TrimEnd(']'), port);
        }
    }
}
