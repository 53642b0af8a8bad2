using System.Text;

namespace RegistryProxy.Grains.Throttling;

/// <summary>
/// A typed user name as directories compare it, so that the spellings of one account have one budget: letters of any case and width, and
/// white space only as far as it parts words (RFC 4518 §2.2, §2.6.1). It is compared with nothing else, so more than one account may have
/// the same.
/// </summary>
internal static class AccountName
{
    /// <summary>Longer ones are nobody's, and left as they are.</summary>
    private const int MaxLength = 256;

    private const char FirstWide = '\uff01';
    private const char LastWide = '\uff5e';

    /// <summary>The name that its budget goes by.</summary>
    public static string Of(string user)
    {
        if (user.Length > MaxLength)
        {
            return user;
        }

        var name = new StringBuilder(user.Length);
        foreach (var letter in user)
        {
            var narrow = letter is >= FirstWide and <= LastWide ? (char)(letter - FirstWide + '!') : letter;
            if (!char.IsWhiteSpace(narrow))
            {
                name.Append(char.ToLowerInvariant(narrow));
            }
            else if (name.Length > 0 && name[^1] != ' ')
            {
                name.Append(' ');
            }
        }

        return name.ToString().TrimEnd(' ');
    }
}
