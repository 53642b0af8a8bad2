namespace RegistryProxy.NodeAgent.Installation.Merging.Yaml;

/// <summary>Lines of a text by the places of characters.</summary>
internal static class TextLines
{
    /// <summary>Whether a text says nothing: blanks, and comments behind a <c>#</c>.</summary>
    public static bool IsBlank(string text) => text.AsSpan().Trim().IsEmpty
        || text.Split('\n').All(line => line.AsSpan().Trim() is [] or ['#', ..]);

    /// <summary>A whole text behind one that says nothing.</summary>
    public static string Behind(string? blank, string text) =>
        string.IsNullOrWhiteSpace(blank) ? text : blank + (blank.EndsWith('\n') ? "" : EndOf(blank)) + text;

    /// <summary>How the lines of a text end.</summary>
    public static string EndOf(string text) => text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";

    /// <summary>Where the line of a place begins.</summary>
    public static int Start(string text, int at) => at == 0 ? 0 : text.LastIndexOf('\n', at - 1) + 1;

    /// <summary>Where the line after the one of a place begins; the end of the text when there is none.</summary>
    public static int Next(string text, int at) => text.IndexOf('\n', at) is >= 0 and var end ? end + 1 : text.Length;

    /// <summary>Where the last content before a place ends.</summary>
    public static int ContentEnd(string text, int at)
    {
        while (at > 0 && char.IsWhiteSpace(text[at - 1]))
        {
            at--;
        }

        return at;
    }
}
