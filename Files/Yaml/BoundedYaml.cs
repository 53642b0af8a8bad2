using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>
/// Reads one YAML document within bounds: no anchors, no aliases, no tags, keys that are single values, no key twice, nothing nested deeper
/// than <see cref="MaxDepth"/>. Whatever the text is, the outcome is a document or a problem.
/// </summary>
public static class BoundedYaml
{
    /// <summary>How deep lists and maps may be nested.</summary>
    public const int MaxDepth = 32;

    /// <summary>How many values, lists and maps a document may have.</summary>
    public const int MaxNodes = 200_000;

    /// <summary>The root of the document; <c>null</c> and the problem when the text is not one.</summary>
    public static YamlNode? Read(string text, out YamlProblem problem)
    {
        problem = default;
        if (FirstControl(text) is >= 0 and var at)
        {
            problem = new YamlProblem(LineOf(text, at), $"the character U+{(int)text[at]:X4} is not allowed in YAML");
            return null;
        }

        var scanner = new Scanner(new StringReader(text));
        try
        {
            var stream = new YamlStream();
#pragma warning disable RS0030 // Here it is kept within bounds.
            stream.Load(new BoundedParser(new Parser(scanner)));
#pragma warning restore RS0030
            if (stream.Documents.Count == 1)
            {
                return stream.Documents[0].RootNode;
            }

            problem = new YamlProblem(1, "the file is empty");
        }
        catch (YamlRefusal refusal)
        {
            problem = new YamlProblem(refusal.Start.Line, refusal.Message);
        }
        catch (YamlException fault)
        {
            problem = Tab(text) ?? new YamlProblem(fault.Start.Line, $"not valid YAML: {fault.Message}{Hint(fault.Message)}");
        }
        catch (Exception)
        {
            // The parser has faults of its own on texts that are not YAML, such as a flow that is not closed.
            problem = Tab(text) ?? new YamlProblem(
                scanner.CurrentPosition.Line, "not valid YAML: it cannot be read on from here; is a bracket, brace or quote not closed?");
        }

        problem = problem with { Line = Math.Clamp(problem.Line, 1, LineOf(text, text.Length)) };
        return null;
    }

    /// <summary>Where to look: what the parser says of a line that is indented otherwise is about its own state.</summary>
    private static string Hint(string fault) =>
        fault.Contains("block mapping", StringComparison.Ordinal) || fault.Contains("block sequence", StringComparison.Ordinal)
            || fault.Contains("block collection", StringComparison.Ordinal)
            ? " Is this line, or one above it, indented by another number of spaces than its neighbours?" : "";

    /// <summary>The parser stumbles over a line that a tab indents (YAML 1.2 §6.1), and says something else of another line.</summary>
    private static YamlProblem? Tab(string text)
    {
        var number = 0;
        foreach (var one in text.AsSpan().EnumerateLines())
        {
            number++;
            var indentation = one[..(one.Length - one.TrimStart(" \t").Length)];
            if (indentation.Contains('\t') && indentation.Length < one.Length)
            {
                return new YamlProblem(number, "a tab indents this line; YAML takes spaces alone");
            }
        }

        return null;
    }

    /// <summary>c-printable of YAML 1.2 §5.1. The parser takes a NUL for the end of the text and would drop the rest.</summary>
    private static int FirstControl(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                i++;
            }
            else if (!IsPrintable(text[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static bool IsPrintable(char c) => c is '\t' or '\n' or '\r' or '\u0085'
        or (>= ' ' and < '\u007F') or (>= '\u00A0' and < '\uD800') or (>= '\uE000' and < '\uFFFE');

    private static long LineOf(string text, int at) => 1 + text.AsSpan(0, at).Count('\n');
}

/// <summary>Why a text is not a document.</summary>
/// <param name="Line">1-based.</param>
/// <param name="Message">For people.</param>
public readonly record struct YamlProblem(long Line, string Message);
