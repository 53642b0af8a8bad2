using System.Formats.Asn1;
using System.Text;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>One message of a directory server, decoded (RFC 4511 §4).</summary>
/// <param name="Id">The request that it answers.</param>
/// <param name="Kind">The number of its protocol operation.</param>
/// <param name="Code">Its result code; 0 is success.</param>
/// <param name="Entry">What was found, for a search entry.</param>
internal sealed record LdapReply(int Id, int Kind, int Code, LdapEntry? Entry)
{
    public const int BindResponse = 1;
    public const int SearchEntry = 4;
    public const int SearchDone = 5;
    public const int SearchReference = 19;
    public const int ExtendedResponse = 24;

    public const int StrongerAuthRequired = 8;
    public const int ConfidentialityRequired = 13;
    public const int ConstraintViolation = 19;
    public const int NoSuchObject = 32;
    public const int InvalidDnSyntax = 34;
    public const int InappropriateAuthentication = 48;
    public const int InvalidCredentials = 49;
    public const int InsufficientAccessRights = 50;
    public const int Busy = 51;
    public const int Unavailable = 52;
    public const int UnwillingToPerform = 53;

    /// <summary>
    /// Whether a bind with this result says that the name or the password is wrong, or that the account may not log in. Other results than
    /// success say that nobody knows (RFC 4511 §4.1.9, appendix A.2).
    /// </summary>
    public static bool Refuses(int code) => code is InvalidCredentials or ConstraintViolation or NoSuchObject or InvalidDnSyntax
        or InappropriateAuthentication or InsufficientAccessRights or UnwillingToPerform;

    /// <summary>Whether a bind with this result was turned away before its password was looked at, so that nothing was counted.</summary>
    public static bool IsUndecided(int code) => code is Busy or Unavailable or StrongerAuthRequired or ConfidentialityRequired;

    /// <summary>Decodes a message; of an entry only the attributes that were asked for.</summary>
    /// <exception cref="AsnContentException">It is not one.</exception>
    /// <exception cref="LdapExcessException">It has too many values.</exception>
    public static LdapReply Read(ReadOnlyMemory<byte> octets, IReadOnlyList<string> attributes, LdapBudget budget)
    {
        BerShape.Check(octets.Span);
        var message = new AsnReader(octets, AsnEncodingRules.BER).ReadSequence();
        if (!message.TryReadInt32(out var id))
        {
            throw new AsnContentException("a message has no id");
        }

        var tag = message.PeekTag();
        if (tag.TagClass != TagClass.Application || !tag.IsConstructed)
        {
            throw new AsnContentException("a message has no operation");
        }

        var operation = message.ReadSequence(tag);
        return tag.TagValue switch
        {
            SearchEntry => new LdapReply(id, SearchEntry, 0, ReadEntry(operation, attributes, budget)),
            SearchReference => new LdapReply(id, SearchReference, 0, null),
            _ => new LdapReply(id, tag.TagValue, ReadCode(operation), null),
        };
    }

    private static int ReadCode(AsnReader operation)
    {
        var octets = operation.ReadEnumeratedBytes().Span;
        return octets.Length <= sizeof(int) && octets[0] < 0x80
            ? (int)octets.ToArray().Aggregate(0u, (code, octet) => (code << 8) | octet)
            : throw new AsnContentException("a result code is not a small number");
    }

    private static LdapEntry ReadEntry(AsnReader operation, IReadOnlyList<string> wanted, LdapBudget budget)
    {
        var name = Text(operation);
        Dictionary<string, IReadOnlyList<string>> attributes = new(StringComparer.OrdinalIgnoreCase);
        var list = operation.ReadSequence();
        while (list.HasData)
        {
            var attribute = list.ReadSequence();
            var type = Text(attribute);
            var values = attribute.ReadSetOf(skipSortOrderValidation: true);
            if (!wanted.Contains(type, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            List<string> texts = [];
            while (values.HasData)
            {
                budget.TakeValue();
                texts.Add(Text(values));
            }

            attributes[type] = texts;
        }

        return new LdapEntry(name, attributes);
    }

    private static string Text(AsnReader reader) => reader.TryReadPrimitiveOctetString(out var octets)
        ? Encoding.UTF8.GetString(octets.Span)
        : throw new AsnContentException("a text is in pieces");
}

/// <summary>An entry of a directory.</summary>
internal sealed record LdapEntry(string Name, IReadOnlyDictionary<string, IReadOnlyList<string>> Attributes)
{
    /// <summary>The values of an attribute.</summary>
    public IReadOnlyList<string> Values(string attribute) => Attributes.GetValueOrDefault(attribute, []);
}
