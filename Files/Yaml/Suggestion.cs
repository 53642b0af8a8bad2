namespace RegistryProxy.Files.Yaml;

/// <summary>What somebody who mistyped a name may have meant.</summary>
public static class Suggestion
{
    /// <summary>The longest text that is compared, in characters.</summary>
    private const int MaxText = 64;

    /// <summary>The shortest part of a name that suggests it, in characters.</summary>
    private const int MinPart = 4;

    /// <summary>Of so many names the nearest is sought.</summary>
    private const int MaxNames = 1000;

    /// <summary><c>; did you mean 'NAME'?</c> for the nearest of the names, or nothing when none is near.</summary>
    public static string For(string text, IEnumerable<string> names)
    {
        if (text.Length is 0 or > MaxText)
        {
            return "";
        }

        var most = text.Length <= 3 ? 1 : text.Length <= 6 ? 2 : 3;
        var nearest = names.Take(MaxNames)
            .Where(name => name != text && name.Length <= MaxText && Math.Abs(name.Length - text.Length) <= most)
            .Select(name => (Name: name, Distance: Distance(text.ToLowerInvariant(), name.ToLowerInvariant())))
            .Where(near => near.Distance <= most && near.Distance < near.Name.Length).OrderBy(near => near.Distance).FirstOrDefault();
        return nearest.Name is null ? Containing(text, names) : $"; did you mean '{nearest.Name}'?";
    }

    /// <summary>Names of which the text is a part, as <c>user</c> is of <c>username</c>, or the other way round.</summary>
    private static string Containing(string text, IEnumerable<string> names)
    {
        var found = names.Take(text.Length < MinPart ? 0 : MaxNames)
            .Where(name => name != text && name.Length is >= MinPart and <= MaxText
                && (name.Contains(text, StringComparison.OrdinalIgnoreCase) || text.Contains(name, StringComparison.OrdinalIgnoreCase)))
            .OrderBy(name => name.Length).Take(2).ToList();
        return found.Count == 0 ? "" : $"; did you mean {string.Join(" or ", found.Select(name => $"'{name}'"))}?";
    }

    /// <summary>How many characters were left out, added, changed or swapped with the next (optimal string alignment).</summary>
    private static int Distance(string one, string other)
    {
        var rows = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                rows[i, j] = i == 0 || j == 0 ? i + j : Math.Min(
                    Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[one.Length, other.Length];
    }
}
