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

    /// <summary>The files of a pattern. What cannot be looked into is told, and no more than that.</summary>
    /// <param name="folder">That of the main file.</param>
    /// <param name="pattern">The pattern.</param>
    public static FoundFiles Expand(string folder, string pattern) => Expand(folder, pattern, Matching);

    /// <summary>The same.</summary>
    /// <param name="folder">That of the main file.</param>
    /// <param name="pattern">The pattern.</param>
    /// <param name="list">The entries of a folder that match a component.</param>
    public static FoundFiles Expand(string folder, string pattern, Func<string, string, IEnumerable<string>> list)
    {
        List<string> here = [folder];
        var found = new FoundFiles([], [], []);
        var components = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < components.Length; i++)
        {
            var rest = components[i..];
            here = [.. here.SelectMany(one => Next(one, rest, found, list))];
        }

        // A path below each of some folders need not be in all of them.
        var needsLook = HasWildcard(pattern) && !HasWildcard(components[^1]);
        found.Files.AddRange(needsLook ? here.Where(file => IsThere(file, found)) : here);
        found.Files.Sort(StringComparer.Ordinal);
        return found;
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
        // What cannot be looked into has an error of its own.
        return Expand(folder, pattern) is { Files.Count: 0, Closed.Count: 0 };
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

    /// <summary>A link that leads nowhere is there.</summary>
    private static bool IsThere(string file, FoundFiles found)
    {
        try
        {
            if (!Path.Exists(file))
            {
                File.GetAttributes(file);
            }

            return true;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception fault) when (IsClosed(fault))
        {
            found.Closed.Add(new ClosedFolder(Path.GetDirectoryName(file)!, Path.GetFileName(file), WhyClosed(fault)));
            return false;
        }
    }

    /// <summary>One that cannot be looked at is not one that is not there.</summary>
    private static bool IsFolder(string path, string[] rest, FoundFiles found)
    {
        try
        {
            return Directory.Exists(path) || File.GetAttributes(path).HasFlag(FileAttributes.Directory);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception fault) when (IsClosed(fault))
        {
            found.Closed.Add(new ClosedFolder(path, string.Join('/', rest), WhyClosed(fault)));
            return false;
        }
    }

    private static bool IsClosed(Exception fault) =>
        fault is IOException or UnauthorizedAccessException or System.Security.SecurityException;

    private static string WhyClosed(Exception fault) => fault is IOException ? fault.Message : "permission denied";

    private static IEnumerable<string> Next(
        string folder, string[] rest, FoundFiles found, Func<string, string, IEnumerable<string>> list)
    {
        var component = rest[0];
        if (component == ".")
        {
            return [folder];
        }

        found.Folders.Add(folder);
        if (!HasWildcard(component))
        {
            return [Path.Combine(folder, component)];
        }

        try
        {
            return IsFolder(folder, rest, found)
                ? [.. list(folder, component).Where(path => rest.Length == 1 || IsFolder(path, rest[1..], found)).Take(MaxFiles + 1)] : [];
        }
        catch (DirectoryNotFoundException)
        {
            // It went in this very moment.
            return [];
        }
        catch (Exception fault) when (IsClosed(fault))
        {
            found.Closed.Add(new ClosedFolder(folder, string.Join('/', rest), WhyClosed(fault)));
            return [];
        }
    }
}

/// <summary>What a pattern leads to.</summary>
/// <param name="Files">Absolute paths, in order.</param>
/// <param name="Folders">The folders that were looked into, or for.</param>
/// <param name="Closed">Those that could not be looked into.</param>
internal sealed record FoundFiles(List<string> Files, List<string> Folders, List<ClosedFolder> Closed);

/// <summary>A folder whose files are not known.</summary>
/// <param name="Folder">Its absolute path.</param>
/// <param name="Rest">What of the pattern is meant below it.</param>
/// <param name="Problem">Why they are not known.</param>
internal sealed record ClosedFolder(string Folder, string Rest, string Problem)
{
    /// <summary>Whether a file is one that might be in it.</summary>
    public bool MayHave(string file) => file.StartsWith($"{Folder}/", StringComparison.Ordinal)
        && IncludePattern.Matches(Rest, Path.GetRelativePath(Folder, file));
}
