namespace RegistryProxy.NodeAgent.Installation.Merging.Flags;

/// <summary>A flag in a list of words: <c>--flag=value</c>, or <c>--flag value</c>.</summary>
/// <param name="Value">Its value.</param>
/// <param name="First">The index of its first word.</param>
/// <param name="Count">How many words it takes.</param>
internal readonly record struct FlagPlace(string Value, int First, int Count)
{
    /// <summary>Every place of a flag, in order; the last one is in effect.</summary>
    public static IEnumerable<FlagPlace> All(IReadOnlyList<string> words, string flag)
    {
        for (var index = 0; index < words.Count; index++)
        {
            var equals = words[index].IndexOf('=', StringComparison.Ordinal);
            // kubelet takes a low line for a dash.
            if (!words[index].StartsWith("--", StringComparison.Ordinal)
                || (equals < 0 ? words[index] : words[index][..equals]).Replace('_', '-') != flag)
            {
                continue;
            }

            if (equals >= 0)
            {
                yield return new FlagPlace(words[index][(equals + 1)..].Trim('"', '\''), index, 1);
            }
            else if (index + 1 < words.Count)
            {
                yield return new FlagPlace(words[index + 1], index++, 2);
            }
        }
    }

    /// <summary>The value that is in effect; <c>null</c> when the flag is not there.</summary>
    public static string? InEffect(IReadOnlyList<string> words, string flag) =>
        All(words, flag).Select(place => place.Value).LastOrDefault();
}
