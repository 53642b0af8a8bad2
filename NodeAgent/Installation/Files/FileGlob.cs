namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>Patterns of file names as systemd and containerd take them (glob(7)): <c>*</c>, <c>?</c>, and <c>[a-z]</c>.</summary>
internal static class FileGlob
{
    public static bool IsPattern(string text) => text.AsSpan().ContainsAny('*', '?', '[');

    /// <summary>Whether a name is meant; one that begins with a dot is only where the pattern begins with one.</summary>
    public static bool Matches(string pattern, string name) => (name is not ['.', ..] || pattern is ['.', ..]) && Rest(pattern, name);

    /// <summary>The last star may take one letter more, whenever what is behind it does not match.</summary>
    private static bool Rest(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        var (star, from) = (-1, 0);
        for (int i = 0, j = 0; ;)
        {
            if (i < pattern.Length && pattern[i] == '*')
            {
                (star, from) = (++i, j);
            }
            else if (j == name.Length)
            {
                return i == pattern.Length;
            }
            else if (i < pattern.Length && Letter(pattern, ref i, name[j]))
            {
                j++;
            }
            else if (star < 0)
            {
                return false;
            }
            else
            {
                (i, j) = (star, ++from);
            }
        }
    }

    /// <summary>Whether one letter is meant; goes on behind what means it.</summary>
    private static bool Letter(ReadOnlySpan<char> pattern, ref int at, char letter)
    {
        var close = pattern[at] == '[' && at + 2 < pattern.Length ? pattern[(at + 2)..].IndexOf(']') : -1;
        if (close >= 0)
        {
            var set = pattern[(at + 1)..(at + 2 + close)];
            at += close + 3;
            return set[0] is '!' or '^' ? !IsIn(set[1..], letter) : IsIn(set, letter);
        }

        var isEscaped = pattern[at] == '\\' && at + 1 < pattern.Length;
        at += isEscaped ? 1 : 0;
        return pattern[at++] is var meant && (meant == letter || (meant == '?' && !isEscaped));
    }

    private static bool IsIn(ReadOnlySpan<char> set, char letter)
    {
        for (var at = 0; at < set.Length; at++)
        {
            var isRange = at + 2 < set.Length && set[at + 1] == '-';
            if (isRange ? letter >= set[at] && letter <= set[at + 2] : letter == set[at])
            {
                return true;
            }

            at += isRange ? 2 : 0;
        }

        return false;
    }
}
