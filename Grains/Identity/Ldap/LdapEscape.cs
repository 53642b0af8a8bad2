using System.Text;

namespace RegistryProxy.Grains.Identity.Ldap;

/// <summary>Puts what a user typed into filters and names as nothing but a value.</summary>
internal static class LdapEscape
{
    /// <summary>A value in a search filter (RFC 4515 §3). Everything but letters and digits of ASCII is escaped.</summary>
    public static string Filter(string value)
    {
        var text = new StringBuilder(value.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(value))
        {
            text.Append(char.IsAsciiLetterOrDigit((char)octet) ? ((char)octet).ToString() : $"\\{octet:x2}");
        }

        return text.ToString();
    }

    /// <summary>A value in a distinguished name (RFC 4514 §2.4). Everything but letters and digits of ASCII is escaped.</summary>
    public static string Name(string value) => Filter(value);

    /// <summary>The octets of an escaped filter value.</summary>
    /// <exception cref="FormatException">A backslash is not followed by two hexadecimal digits.</exception>
    public static byte[] Unescape(ReadOnlySpan<char> value)
    {
        var octets = new List<byte>(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\\')
            {
                octets.AddRange(Convert.FromHexString(value.Slice(i + 1, Math.Min(2, value.Length - i - 1))));
                i += 2;
            }
            else
            {
                var length = char.IsHighSurrogate(value[i]) && i + 1 < value.Length ? 2 : 1;
                octets.AddRange(Encoding.UTF8.GetBytes(value.Slice(i, length).ToString()));
                i += length - 1;
            }
        }

        return [.. octets];
    }
}
