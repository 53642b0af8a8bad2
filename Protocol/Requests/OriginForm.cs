using System.Buffers;
using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>
/// Path and query of a request (origin-form, RFC 9112 §3.2.1). It begins with exactly one slash and has no backslash, control character,
/// fragment or dot segment, so that it stays on the origin that it is appended to; what else may not stand in a URI is percent-encoded.
/// </summary>
public readonly record struct OriginForm
{
    /// <summary>The longest, in characters: a query of 8 KiB with every character encoded, and a path.</summary>
    public const int MaxLength = 32 * 1024;

    private static readonly SearchValues<char> Refused =
        SearchValues.Create([.. Enumerable.Range(0, 32).Select(code => (char)code), '\\', '#', '\x7f']);
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?[]");

    private const char LastOctet = '\xff';

    private readonly string? _text;

    private OriginForm(string text) => _text = text;

    /// <summary>As it is sent.</summary>
    public string Text => _text ?? "/";

    /// <summary>The part before the question mark.</summary>
    public string Path => new RawTarget(Text).Path.ToString();

    /// <summary>The part behind the question mark; empty when there is none.</summary>
    public string Query => new RawTarget(Text).Query.ToString();

    /// <summary>A text that this program wrote from parsed values.</summary>
    /// <exception cref="FormatException">It is not of this form.</exception>
    public static OriginForm Of(string text) => TryParse(text, out var form) ? form : throw new FormatException("not a path and query");

    /// <summary>Parses a text of any source; <c>false</c> when it is not of this form.</summary>
    public static bool TryParse(string text, out OriginForm form)
    {
        form = default;
        if (text is not ['/', ..] || text is ['/', '/', ..] || !TryClean(text, out var clean))
        {
            return false;
        }

        form = new OriginForm(clean);
        return true;
    }

    /// <summary>The same with one more parameter.</summary>
    public OriginForm With(string name, string value) =>
        Of($"{Text}{(Text.EndsWith('?') ? "" : Text.Contains('?') ? "&" : "?")}{name}={Uri.EscapeDataString(value)}");

    public override string ToString() => Text;

    /// <summary>
    /// Refuses what no path and query may hold and encodes what must not travel as it is; the slashes are for the caller to check.
    /// </summary>
    internal static bool TryClean(string text, out string clean)
    {
        clean = text;
        if (text.Length > MaxLength || text.AsSpan().ContainsAny(Refused) || HasDotSegments(text))
        {
            return false;
        }

        if (text.AsSpan().ContainsAnyExcept(Plain))
        {
            clean = Encode(text);
        }

        return clean.Length <= MaxLength;
    }

    /// <summary>Whether a segment of the path is <c>.</c> or <c>..</c>, also where its dots are encoded (RFC 3986 §5.2.4).</summary>
    private static bool HasDotSegments(ReadOnlySpan<char> text)
    {
        var path = new RawTarget(text).Path;
        foreach (var range in path.Split('/'))
        {
            if (IsDots(path[range]))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsDots(ReadOnlySpan<char> segment)
    {
        var dots = 0;
        for (; !segment.IsEmpty && dots < 3; dots++)
        {
            if (segment[0] != '.' && !segment.StartsWith("%2e", StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }

            segment = segment[(segment[0] == '.' ? 1 : 3)..];
        }

        return dots is 1 or 2;
    }

    /// <summary>
    /// Header text is octets, each of them a character (ISO 8859-1), whatever they spell: those of UTF-8 are encoded once, not as the
    /// characters that they look like. Text beyond that is none of a header.
    /// </summary>
    private static string Encode(string text)
    {
        var encoded = new StringBuilder(text.Length + 16);
        Span<byte> octets = stackalloc byte[4];
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            if (Plain.Contains(rest[0]) || IsEscape(rest))
            {
                encoded.Append(rest[0]);
                rest = rest[1..];
                continue;
            }

            if (rest[0] <= LastOctet)
            {
                encoded.Append('%').Append(((int)rest[0]).ToString("X2"));
                rest = rest[1..];
                continue;
            }

            Rune.DecodeFromUtf16(rest, out var rune, out var length);
            foreach (var octet in octets[..rune.EncodeToUtf8(octets)])
            {
                encoded.Append('%').Append(octet.ToString("X2"));
            }

            rest = rest[length..];
        }

        return encoded.ToString();
    }

    private static bool IsEscape(ReadOnlySpan<char> rest) =>
        rest is ['%', var high, var low, ..] && char.IsAsciiHexDigit(high) && char.IsAsciiHexDigit(low);
}
