using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>The servers that the operator named for one upstream, issuer or service: what a server sent names no others.</summary>
public sealed class ConfiguredTargets : IEquatable<ConfiguredTargets>
{
    private readonly HttpOrigin[] _origins;
    private readonly string[] _hosts;
    private readonly string _text;

    /// <param name="addresses">Addresses that are configured; their origins count.</param>
    /// <param name="hosts">Globs of hosts beside them; one that is true of every host names none.</param>
    public ConfiguredTargets(IEnumerable<Uri> addresses, IEnumerable<string>? hosts = null)
        : this([.. addresses.Select(HttpOrigin.Of).Distinct()],
            [.. (hosts ?? []).Where(glob => glob.AsSpan().IndexOfAnyExcept('*', '.') >= 0)])
    {
    }

    private ConfiguredTargets(HttpOrigin[] origins, string[] hosts)
    {
        (_origins, _hosts) = (origins, hosts);
        _text = string.Join('\n', _origins.Select(origin => origin.ToString()).Concat(_hosts));
    }

    /// <summary>None.</summary>
    public static ConfiguredTargets None { get; } = new([]);

    /// <summary>These, and globs of hosts beside them.</summary>
    public ConfiguredTargets And(IEnumerable<string> hosts) => new(_origins, [.. _hosts.Union(hosts)]);

    /// <summary>Whether an address is on one of the origins.</summary>
    public bool Owns(Uri address) => Array.Exists(_origins, origin => origin.Owns(address));

    /// <summary>Whether a host is named: as that of an origin with this port, or by a glob.</summary>
    public bool Names(string host, int port) =>
        Array.Exists(_origins, origin => origin.Port == port && origin.Host.Equals(host, StringComparison.OrdinalIgnoreCase))
        || Array.Exists(_hosts, glob => Glob.Matches(glob, host.ToLowerInvariant()));

    public bool Equals(ConfiguredTargets? other) => other is not null && other._text == _text;

    public override bool Equals(object? obj) => Equals(obj as ConfiguredTargets);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);
}
