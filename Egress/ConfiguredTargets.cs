using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>The servers that the operator named for one upstream, issuer or service: what a server sent names no others.</summary>
public sealed class ConfiguredTargets : IEquatable<ConfiguredTargets>
{
    private readonly HttpOrigin[] _origins;
    private readonly string _text;

    /// <param name="addresses">Addresses that are configured; their origins count.</param>
    public ConfiguredTargets(IEnumerable<Uri> addresses)
    {
        _origins = [.. addresses.Select(HttpOrigin.Of).Distinct()];
        _text = string.Join('\n', _origins.Select(origin => origin.ToString()));
    }

    /// <summary>None.</summary>
    public static ConfiguredTargets None { get; } = new([]);

    /// <summary>Whether an address is on one of the origins.</summary>
    public bool Owns(Uri address) => Array.Exists(_origins, origin => origin.Owns(address));

    public bool Equals(ConfiguredTargets? other) => other is not null && other._text == _text;

    public override bool Equals(object? obj) => Equals(obj as ConfiguredTargets);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);
}
