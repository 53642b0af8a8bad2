namespace RegistryProxy.Protocol;

/// <summary>A glob with one wildcard: <c>*</c> stands for any run of characters, none included. Case matters.</summary>
public static class Glob
{
    /// <summary>
    /// Whether the whole text matches. Only the last <c>*</c> is ever tried again, so that it takes at most length of pattern × length of
    /// text steps; allocates nothing.
    /// </summary>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && pattern[p] == text[t])
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].IndexOfAnyExcept('*') < 0;
    }
}
