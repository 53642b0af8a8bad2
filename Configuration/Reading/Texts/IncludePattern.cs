using System.IO.Enumeration;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Texts;

/// <summary>
/// One entry of <c>include</c>: a path below the folder of the main file, whose components may hold <c>*</c> and <c>?</c>. As in a shell
/// those match no name that begins with a dot.
/// </summary>
internal static class IncludePattern
{
    /// <summary>How many files one configuration may include.</summary>
    public const int MaxFiles = 20_000;

    private static readonly EnumerationOptions Entries = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <summary>The patterns; those that lead out of the folder are errors.</summary>
    /// <param name="field">The list.</param>
    /// <param name="folder">That of the main file: a pattern without a file in it is told.</param>
    public static IReadOnlyList<string> ReadAll(Field field, string folder)
    {
        List<string> patterns = [];
        foreach (var item in field.Items(orSingle: true))
        {
            var text = item.RequiredText();
            if (IsBelow(text))
            {
                patterns.Add(text);
                if (HasWildcard(text) && IsEmpty(folder, text))
                {
                    item.Warn($"no file matches '{text}' now");
                }
            }
            else
            {
                item.Fail($"'{text}' must be a path below the folder of this file, such as tenants.d/*.yaml, without '..' and '**'");
            }
        }

        return patterns;
    }

    /// <summary>The files of a pattern, by absolute path in order, and the folders that were looked into.</summary>
    /// <exception cref="IOException">A folder cannot be listed.</exception>
    public static (List<string> Files, List<string> Folders) Expand(string folder, string pattern)
    {
        List<string> here = [folder], looked = [];
        var components = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < components.Length; i++)
        {
            var (component, isLast) = (components[i], i == components.Length - 1);
            here = [.. here.SelectMany(one => Next(one, component, isLast, looked))];
        }

        if (HasWildcard(pattern) && !HasWildcard(components[^1]))
        {
            // A path below each of some folders need not be in all of them; a link that leads nowhere is there.
            here.RemoveAll(file => !Path.Exists(file) && new FileInfo(file).LinkTarget is null);
        }

        here.Sort(StringComparer.Ordinal);
        return (here, looked);
    }

    /// <summary>Whether a path below the folder of the main file is one that a pattern means.</summary>
    public static bool Matches(string pattern, string path)
    {
        var (wanted, components) = (pattern.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(one => one != ".").ToArray(),
            path.Split('/'));
        return wanted.Length == components.Length && wanted.Zip(components).All(pair =>
            (pair.First[0] == '.' || pair.Second is not ['.', ..])
            && FileSystemName.MatchesSimpleExpression(pair.First, pair.Second, ignoreCase: false));
    }

    private static bool IsEmpty(string folder, string pattern)
    {
        try
        {
            return Expand(folder, pattern).Files.Count == 0;
        }
        catch (IOException)
        {
            // That has an error of its own.
            return false;
        }
    }

    public static bool HasWildcard(string pattern) => pattern.AsSpan().ContainsAny('*', '?');

    /// <summary>Entries of a folder, by their names alone: folders of a thousand files are listed again after each edit.</summary>
    private static FileSystemEnumerable<string> Matching(string folder, string component) =>
        new(folder, static (ref FileSystemEntry entry) => entry.ToFullPath(), Entries)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => (component[0] == '.' || entry.FileName[0] != '.')
                && FileSystemName.MatchesSimpleExpression(component, entry.FileName, ignoreCase: false),
        };

    private static bool IsBelow(string text) => text.Length > 0 && !Path.IsPathRooted(text)
        && !text.Contains("**", StringComparison.Ordinal) && !text.Contains('\0') && !text.Split('/').Any(component => component is "..");

    private static IEnumerable<string> Next(string folder, string component, bool isLast, List<string> looked)
    {
        if (component == ".")
        {
            return [folder];
        }

        if (!HasWildcard(component))
        {
            looked.Add(folder);
            return [Path.Combine(folder, component)];
        }

        looked.Add(folder);
        if (!Directory.Exists(folder))
        {
            return [];
        }

        try
        {
            return [.. Matching(folder, component).Where(path => isLast || Directory.Exists(path)).Take(MaxFiles + 1)];
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException or System.Security.SecurityException)
        {
            throw new IOException($"{folder} cannot be listed: permission denied", fault);
        }
    }
}
