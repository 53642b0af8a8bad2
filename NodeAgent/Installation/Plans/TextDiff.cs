using System.Text;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>What changes in a file, line by line.</summary>
internal static class TextDiff
{
    /// <summary>The most pairs of lines that are compared; beyond it everything between the ends is shown as replaced.</summary>
    private const int MostPairs = 1024 * 1024;

    /// <summary>The two lines that name the file.</summary>
    public static string Heading(string path, string? before, string? after) =>
        $"--- {(before is null ? "/dev/null" : path)}\n+++ {(after is null ? "/dev/null" : path)}\n";

    public static string Of(string path, string? textBefore, string? textAfter)
    {
        var (before, after) = (Lines(textBefore), Lines(textAfter));
        var head = before.Zip(after).TakeWhile(pair => pair.First == pair.Second).Count();
        var tail = before[head..].Reverse().Zip(after[head..].Reverse()).TakeWhile(pair => pair.First == pair.Second).Count();
        var text = new StringBuilder(Heading(path, textBefore, textAfter));
        Append(text, ' ', before[..head]);
        Middle(text, before[head..^tail], after[head..^tail]);
        Append(text, ' ', before[^tail..]);
        return text.ToString();
    }

    private static void Append(StringBuilder text, char sign, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            text.Append(sign).Append(line).Append('\n');
        }
    }

    private static void Middle(StringBuilder text, string[] before, string[] after)
    {
        if ((long)before.Length * after.Length > MostPairs)
        {
            Append(text, '-', before);
            Append(text, '+', after);
            return;
        }

        var common = Common(before, after);
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
