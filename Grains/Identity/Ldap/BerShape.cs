using System.Formats.Asn1;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>
/// The restrictions of LDAP on BER (RFC 4511 §5.1): every length is definite. Nothing that LDAP sends is nested deeper than a few levels.
/// </summary>
internal static class BerShape
{
    /// <summary>The deepest nesting of a message; an entry needs five levels, a control three.</summary>
    public const int MaxDepth = 16;

    /// <exception cref="AsnContentException">The message is not of this shape.</exception>
    public static void Check(ReadOnlySpan<byte> octets)
    {
        Span<int> ends = stackalloc int[MaxDepth + 1];
        var depth = 0;
        ends[0] = octets.Length;
        for (var at = 0; at < octets.Length;)
        {
            var tag = Asn1Tag.Decode(octets[at..ends[depth]], out var tagLength);
            var length = LengthOf(octets[(at + tagLength)..ends[depth]], out var lengthOctets);
            at += tagLength + lengthOctets;
            if (length > ends[depth] - at)
            {
                throw new AsnContentException("a value is longer than what holds it");
            }

            if (!tag.IsConstructed)
            {
                at += length;
            }
            else if (++depth > MaxDepth)
            {
                throw new AsnContentException("values are nested too deep");
            }
            else
            {
                ends[depth] = at + length;
            }

            while (depth > 0 && at == ends[depth])
            {
                depth--;
            }
        }
    }

    private static int LengthOf(ReadOnlySpan<byte> octets, out int used)
    {
        if (octets.IsEmpty)
        {
            throw new AsnContentException("a length is missing");
        }

        used = octets[0] <= 0x80 ? 1 : 1 + (octets[0] & 0x7f);
        if (octets[0] == 0x80 || used > 5 || used > octets.Length)
        {
            throw new AsnContentException("a length is indefinite, too long or cut");
        }

        var length = used == 1 ? octets[0] : octets[1..used].ToArray().Aggregate(0L, (sum, octet) => (sum << 8) | octet);
        return length <= int.MaxValue ? (int)length : throw new AsnContentException("a length is too large");
    }
}
