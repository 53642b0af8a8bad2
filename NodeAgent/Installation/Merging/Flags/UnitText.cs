namespace RegistryProxy.NodeAgent.Installation.Merging.Flags;

/// <summary>Reads the <c>[Service]</c> of a unit or of a drop-in as systemd does: comments, continuations, quotes.</summary>
internal static class UnitText
{
    /// <summary>The name under which the command itself is found.</summary>
    public const string Command = "ExecStart";

    /// <summary>
    /// Every key of the section with the words of its value, in order; those of <c>Environment=</c> under the names of their variables.
    /// </summary>
    public static IReadOnlyList<(string Key, Assignment Value)> Read(string text)
    {
        List<(string, Assignment)> found = [];
        var service = false;
        for (var at = 0; at < text.Length;)
        {
            var next = Yaml.TextLines.Next(text, at);
            var line = text[at..next].Trim();
            if (line.StartsWith('['))
            {
                service = line == "[Service]";
            }
            else if (line.Length > 0 && line[0] is not ('#' or ';') && text.IndexOf('=', at, next - at) is >= 0 and var equals)
            {
                next = Logical(text, equals + 1, out var letters);
                if (service)
                {
                    Keep(found, text[at..equals].Trim(), letters, equals + 1);
                }
            }

            at = next;
        }

        return found;
    }

    private static void Keep(List<(string, Assignment)> found, string key, List<(char Letter, int Place)> letters, int at)
    {
        var tokens = Tokens(letters);
        if (key != "Environment")
        {
            found.Add((key, new Assignment(key, [.. tokens.Select(token => Whole(token))], at)));
            return;
        }

        foreach (var token in tokens)
        {
            var equals = token.ToString().IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                found.Add((key, new Assignment(token.ToString()[..equals], token.Words(equals + 1), token.PlaceOf(equals) + 1)));
            }
        }

        if (tokens.Count == 0)
        {
            found.Add((key, new Assignment("", [], at)));
        }
    }

    private static Word Whole(MappedText token)
    {
        var text = token.ToString();
        return text.Length == 0 ? new Word("", 0, 0) : new Word(text, token.PlaceOf(0), token.PlaceOf(text.Length - 1) + 1);
    }

    /// <summary>
    /// The characters of a value over its continuations, without comments between them; returns where the next line begins.
    /// </summary>
    private static int Logical(string text, int at, out List<(char Letter, int Place)> letters)
    {
        letters = [];
        while (at < text.Length)
        {
            var next = Yaml.TextLines.Next(text, at);
            var end = at + text[at..next].TrimEnd('\r', '\n').Length;
            var continues = end > at && text[end - 1] == '\\';
            letters.AddRange(Enumerable.Range(at, end - at - (continues ? 1 : 0)).Select(place => (text[place], place)));
            at = next;
            if (!continues)
            {
                break;
            }

            letters.Add((' ', end - 1));
            while (at < text.Length && text[at..Yaml.TextLines.Next(text, at)].TrimStart() is ['#' or ';', ..])
            {
                at = Yaml.TextLines.Next(text, at);
            }
        }

        return at;
    }

    private static List<MappedText> Tokens(List<(char Letter, int Place)> letters)
    {
        List<MappedText> tokens = [];
        MappedText? token = null;
        var quote = '\0';
        for (var index = 0; index < letters.Count; index++)
        {
            var (letter, place) = letters[index];
            if (quote == '\0' && char.IsWhiteSpace(letter))
            {
                token = null;
                continue;
            }

            if (token is null)
            {
                tokens.Add(token = new MappedText());
            }

            if (letter == quote || (quote == '\0' && letter is '\'' or '"' && quote == '\0'))
            {
                quote = quote == '\0' ? letter : '\0';
            }
            else
            {
                index += letter == '\\' && quote != '\'' && index + 1 < letters.Count ? 1 : 0;
                token.Add(letters[index].Letter, letters[index].Place);
            }
        }

        return tokens;
    }
}
