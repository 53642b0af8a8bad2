using System.Globalization;
using System.Text;

namespace RegistryProxy.Files.Yaml;

/// <summary>
/// Text that somebody else wrote, for logs and terminals: characters that end lines, move the cursor or turn the direction of writing
/// stand there by their numbers.
/// </summary>
internal static class VisibleText
{
    /// <summary>The same text, with <c>\uXXXX</c> for each character that is not seen as itself.</summary>
    public static string Of(string text)
    {
        if (text.All(IsVisible))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = IsVisible(c) ? clean.Append(c) : clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
        }

        return clean.ToString();
    }

    private static bool IsVisible(char c) => char.IsAscii(c) ? !char.IsControl(c) : char.GetUnicodeCategory(c)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
