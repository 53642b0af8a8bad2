using System.Security.Cryptography;
using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>
/// A password, token or key. It prints as <c>***</c> everywhere, has no public value for serializers to find, and is compared in
/// constant time. <see cref="Reveal"/> is the one way to the text, so that every use can be found.
/// </summary>
public sealed class Secret : IEquatable<Secret>
{
    private readonly string _value;

    public Secret(string value) => _value = value;

    /// <summary>The text itself. Never log it, never put it into an exception, a key or a metric.</summary>
    public string Reveal() => _value;

    /// <summary>Whether there is no text at all.</summary>
    public bool IsEmpty() => _value.Length == 0;

    public bool Equals(Secret? other) =>
        other is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(_value), Encoding.UTF8.GetBytes(other._value));

    /// <summary>As <see cref="Equals(Secret?)"/> says: two texts are the same text.</summary>
    public static bool operator ==(Secret? left, Secret? right) => left is null ? right is null : left.Equals(right);

    /// <summary>The opposite.</summary>
    public static bool operator !=(Secret? left, Secret? right) => !(left == right);

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => _value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => "***";
}
