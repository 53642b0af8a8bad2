using System.Formats.Asn1;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>
/// Writes a search filter (RFC 4515) as it travels (RFC 4511 §4.5.1.7): and, or, not, equality, presence, substrings, greater, less and
/// approximate matches.
/// </summary>
internal ref struct LdapFilter
{
    private const int MaxDepth = 16;

    private readonly AsnWriter _writer;
    private ReadOnlySpan<char> _rest;

    private LdapFilter(AsnWriter writer, ReadOnlySpan<char> text)
    {
        _writer = writer;
        _rest = text;
    }

    /// <summary>Appends the filter to a message.</summary>
    /// <exception cref="FormatException">The text is not a filter of these kinds.</exception>
    public static void Write(AsnWriter writer, string text)
    {
        var filter = new LdapFilter(writer, text.AsSpan().Trim());
        filter.Component(0);
        if (!filter._rest.IsEmpty)
        {
            throw Malformed();
        }
    }

    private void Component(int depth)
    {
        Expect('(');
        if (depth > MaxDepth || _rest.IsEmpty)
        {
            throw Malformed();
        }

        switch (_rest[0])
        {
            case '&' or '|' or '!':
                Combination(_rest[0], depth);
                break;
            default:
                Item();
                break;
        }

        Expect(')');
    }

    private void Combination(char kind, int depth)
    {
        _rest = _rest[1..];
        using (_writer.Push(Tag(kind switch { '&' => 0, '|' => 1, _ => 2 }, constructed: true)))
        {
            do
            {
                Component(depth + 1);
            }
            while (kind != '!' && !_rest.IsEmpty && _rest[0] == '(');
        }
    }

    private void Item()
    {
        var end = _rest.IndexOf(')');
        var equals = _rest.IndexOf('=');
        if (end < 0 || equals <= 0 || equals > end)
        {
            throw Malformed();
        }

        var attribute = _rest[..equals];
        var value = _rest[(equals + 1)..end];
        _rest = _rest[end..];
        var kind = attribute[^1] switch { '>' => 5, '<' => 6, '~' => 8, _ => 3 };
        if (kind != 3)
        {
            Comparison(kind, attribute[..^1], value);
        }
        else if (value is "*")
        {
            _writer.WriteOctetString(Octets(attribute), Tag(7));
        }
        else if (value.Contains('*'))
        {
            Substrings(attribute, value);
        }
        else
        {
            Comparison(kind, attribute, value);
        }
    }

    private readonly void Comparison(int kind, ReadOnlySpan<char> attribute, ReadOnlySpan<char> value)
    {
        using (_writer.Push(Tag(kind, constructed: true)))
        {
            _writer.WriteOctetString(Octets(attribute));
            _writer.WriteOctetString(LdapEscape.Unescape(value));
        }
    }

    private readonly void Substrings(ReadOnlySpan<char> attribute, ReadOnlySpan<char> value)
    {
        using (_writer.Push(Tag(4, constructed: true)))
        {
            _writer.WriteOctetString(Octets(attribute));
            using (_writer.PushSequence())
            {
                var parts = value.ToString().Split('*');
                for (var i = 0; i < parts.Length; i++)
                {
                    if (parts[i].Length > 0)
                    {
                        _writer.WriteOctetString(LdapEscape.Unescape(parts[i]), Tag(i == 0 ? 0 : i == parts.Length - 1 ? 2 : 1));
                    }
                }
            }
        }
    }

    private void Expect(char wanted)
    {
        if (_rest.IsEmpty || _rest[0] != wanted)
        {
            throw Malformed();
        }

        _rest = _rest[1..];
    }

    private static byte[] Octets(ReadOnlySpan<char> attribute)
    {
        foreach (var letter in attribute)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '.' or ';'))
            {
                throw Malformed();
            }
        }

        return System.Text.Encoding.ASCII.GetBytes(attribute.ToString());
    }

    private static Asn1Tag Tag(int number, bool constructed = false) => new(TagClass.ContextSpecific, number, constructed);

    private static FormatException Malformed() => new("the filter is not one of RFC 4515");
}

internal static class AsnWriterExtensions
{
    /// <summary>Opens a constructed value with this tag; disposing closes it.</summary>
    public static AsnWriter.Scope Push(this AsnWriter writer, Asn1Tag tag) => writer.PushSequence(tag);
}
