using System.Formats.Asn1;
using System.Text;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>The requests of LDAP that logins need (RFC 4511 §4), encoded.</summary>
internal static class LdapMessages
{
    private const string StartTlsOid = "1.3.6.1.4.1.1466.20037";

    /// <summary>How many entries may answer; two are enough to know that a name is ambiguous.</summary>
    private const int MaxEntries = 1000;

    /// <summary>A simple bind; no name and no password is anonymous.</summary>
    public static byte[] Bind(int id, string name, string password) => Message(id, writer =>
    {
        using (writer.PushSequence(Application(0)))
        {
            writer.WriteInteger(3);
            writer.WriteOctetString(Encoding.UTF8.GetBytes(name));
            writer.WriteOctetString(Encoding.UTF8.GetBytes(password), new Asn1Tag(TagClass.ContextSpecific, 0));
        }
    });

    /// <summary>A search that follows no alias.</summary>
    public static byte[] Search(int id, LdapSearch search, int seconds) => Message(id, writer =>
    {
        using (writer.PushSequence(Application(3)))
        {
            writer.WriteOctetString(Encoding.UTF8.GetBytes(search.Base));
            writer.WriteEnumeratedValue(search.OnlyBase ? Scope.BaseObject : Scope.WholeSubtree);
            writer.WriteEnumeratedValue(DerefAliases.Never);
            writer.WriteInteger(MaxEntries);
            writer.WriteInteger(seconds);
            writer.WriteBoolean(false);
            LdapFilter.Write(writer, search.Filter);
            using (writer.PushSequence())
            {
                foreach (var attribute in search.Attributes)
                {
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute));
                }
            }
        }
    });

    /// <summary>StartTLS (RFC 4511 §4.14).</summary>
    public static byte[] StartTls(int id) => Message(id, writer =>
    {
        using (writer.PushSequence(Application(23)))
        {
            writer.WriteOctetString(Encoding.ASCII.GetBytes(StartTlsOid), new Asn1Tag(TagClass.ContextSpecific, 0));
        }
    });

    private static byte[] Message(int id, Action<AsnWriter> operation)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            operation(writer);
        }

        return writer.Encode();
    }

    private static Asn1Tag Application(int number) => new(TagClass.Application, number, isConstructed: true);

    private enum Scope
    {
        BaseObject = 0,
        WholeSubtree = 2,
    }

    private enum DerefAliases
    {
        Never = 0,
    }
}

/// <summary>What is searched.</summary>
internal sealed record LdapSearch(string Base, bool OnlyBase, string Filter, params IReadOnlyList<string> Attributes);
