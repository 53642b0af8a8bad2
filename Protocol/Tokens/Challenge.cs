using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>An authentication challenge of a registry (RFC 9110 §11.6.1; distribution, spec/auth/token.md).</summary>
public sealed record Challenge
{
    /// <summary>The longest header value that is read, in characters.</summary>
    public const int MaxHeaderLength = 8192;

    private readonly IReadOnlyDictionary<string, string> _parameters;

    internal Challenge(string scheme, IReadOnlyDictionary<string, string> parameters) => (Scheme, _parameters) = (scheme, parameters);

    /// <summary>The scheme as it was written; compare it without regard to case.</summary>
    public string Scheme { get; }

    public bool IsBearer => Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase);

    public bool IsBasic => Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase);

    public string? Realm => this["realm"];

    public string? Service => this["service"];

    /// <summary>A parameter by its lower-case name.</summary>
    public string? this[string name] => _parameters.TryGetValue(name, out var value) ? value : null;

    /// <summary>
    /// Writes a Bearer challenge. <paramref name="service"/>, <paramref name="scope"/> and <paramref name="error"/> are left out when
    /// <c>null</c>; the error codes are those of RFC 6750 §3.1.
    /// </summary>
    public static string Bearer(string realm, string? service, string? scope = null, string? error = null)
    {
        var text = new StringBuilder("Bearer ");
        Append(text, "realm", realm);
        if (service is not null)
        {
            Append(text.Append(','), "service", service);
        }

        if (scope is not null)
        {
            Append(text.Append(','), "scope", scope);
        }

        if (error is not null)
        {
            Append(text.Append(','), "error", error);
        }

        return text.ToString();
    }

    /// <summary>The challenges of one header value, up to what cannot be read; an empty list when it is too long.</summary>
    public static IReadOnlyList<Challenge> ParseAll(string header) =>
        header.Length <= MaxHeaderLength ? new ChallengeReader(header).ReadAll() : [];

    private static void Append(StringBuilder text, string name, string value) =>
        text.Append(name).Append("=\"").Append(value.Replace("\\", "\\\\").Replace("\"", "\\\"")).Append('"');
}
