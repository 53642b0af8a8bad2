using System.Text;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>What changes in a file, line by line.</summary>
internal static class TextDiff
{
    public static string Of(string path, string? textBefore, string? textAfter)
    {
        var (before, after) = (Lines(textBefore), Lines(textAfter));
        var common = Common(before, after);
        var text = new StringBuilder($"--- {(textBefore is null ? "/dev/null" : path)}\n+++ {(textAfter is null ? "/dev/null" : path)}\n");
        for (int i = 0, j = 0; i < before.Length || j < after.Length;)
        {
            if (i < before.Length && j < after.Length && before[i] == after[j])
            {
                text.Append(' ').Append(before[i++]).Append('\n');
                j++;
            }
            else if (j == after.Length || (i < before.Length && common[i + 1, j] >= common[i, j + 1]))
            {
                text.Append('-').Append(before[i++]).Append('\n');
            }
            else
            {
                text.Append('+').Append(after[j++]).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string[] Lines(string? text) => string.IsNullOrEmpty(text) ? [] : text.TrimEnd('\n').Split('\n');

    /// <summary>How many lines the rests from each pair of places have in common.</summary>
    private static int[,] Common(string[] before, string[] after)
    {
        var common = new int[before.Length + 1, after.Length + 1];
        for (var i = before.Length - 1; i >= 0; i--)
        {
            for (var j = after.Length - 1; j >= 0; j--)
            {
                common[i, j] = before[i] == after[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        return common;
    }
}
