using System.Buffers;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace RegistryProxy.Gateway.Network;

/// <summary>
/// What may stand in a header that is sent on, to an upstream or to a client: visible ASCII, spaces and tabs (RFC 9110 §5.5 without the
/// obsolete bytes). Neither HttpClient nor Kestrel takes anything else, and each throws where it is too late to answer well.
/// </summary>
internal static class HeaderText
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("\t" + string.Concat(Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code)));

    public static bool IsClean(ReadOnlySpan<char> value) => !value.ContainsAnyExcept(Allowed);

    public static bool AreClean(StringValues values)
    {
        foreach (var value in values)
        {
            if (!IsClean(value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>How many characters there are in all values of a header.</summary>
    public static int LengthOf(StringValues values)
    {
        var length = 0;
        foreach (var value in values)
        {
            length += value?.Length ?? 0;
        }

        return length;
    }

    /// <summary>
    /// The beginning of a text of somebody else's, without control characters and whole: half of a surrogate pair is not JSON.
    /// </summary>
    public static string Shorten(string text, int maxLength)
    {
        if (text.Length <= maxLength && IsClean(text))
        {
            return text;
        }

        var clean = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > maxLength)
            {
                break;
            }

            clean.Append(Rune.IsControl(rune) ? "" : rune.ToString());
        }

        return clean.ToString();
    }
}
