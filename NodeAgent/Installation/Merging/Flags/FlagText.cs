using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Merging.Flags;

/// <summary>Flags in a text that a unit reads, environment file or unit; every other character stays as it is written.</summary>
internal static class FlagText
{
    private const string Folder = "/systemd/system";

    /// <summary>Whether a file is a unit or a drop-in and no environment file: by its place, since those may have any name.</summary>
    public static bool IsUnit(string file) => Path.GetDirectoryName(file) is { } folder
        && (file.EndsWith(".service", StringComparison.Ordinal) ? folder.EndsWith(Folder, StringComparison.Ordinal)
            : file.EndsWith(".conf", StringComparison.Ordinal) && folder.EndsWith(".d", StringComparison.Ordinal)
                && Path.GetDirectoryName(folder)!.EndsWith(Folder, StringComparison.Ordinal));

    public static IReadOnlyList<Assignment> Read(string text, string file) => IsUnit(file)
        ? [.. UnitText.Read(text).Where(entry => entry.Key is "Environment" or UnitText.Command).Select(entry => entry.Value)]
        : EnvironmentText.Read(text);

    /// <summary>Sets a flag where it is in effect, else behind the last word of a variable, which is added where there is none.</summary>
    /// <exception cref="InstallRefusal">The file cannot take it, such as one that ends in the middle of a quoted text.</exception>
    public static string Set(string text, string file, string variable, string flag, string value)
    {
        var after = Put(text, file, variable, flag, value);
        return HasEffect(after, file, variable, flag, value) ? after
            : Quoted(text, file, variable, $"{flag}={value}") is { } quoted && HasEffect(quoted, file, variable, flag, value) ? quoted
            : throw new InstallRefusal($"{file}: {flag} cannot be put into {variable}; is a quote open at its end?");
    }

    private static bool HasEffect(string text, string file, string variable, string flag, string value) =>
        Read(text, file).LastOrDefault(line => line.Name == variable) is { } found && FlagPlace.InEffect(Texts(found), flag) == value;

    /// <summary>
    /// A word more in an assignment of a unit that has no quotes, where a blank would begin the next assignment; <c>null</c> for others.
    /// </summary>
    private static string? Quoted(string text, string file, string variable, string word)
    {
        if (!IsUnit(file) || Read(text, file).LastOrDefault(line => line.Name == variable) is not { Words: [.., var last] } found)
        {
            return null;
        }

        var (start, end) = (found.At - variable.Length - 1, last.End);
        var isBare = start > 0 && text[start..found.At] == $"{variable}=" && (text[start - 1] == '=' || char.IsWhiteSpace(text[start - 1]))
            && !text.AsSpan(start, end - start).ContainsAny('"', '\'')
            && (end == text.Length || char.IsWhiteSpace(text[end]));
        return isBare ? $"{text[..start]}\"{text[start..end]} {word}\"{text[end..]}" : null;
    }

    private static string Put(string text, string file, string variable, string flag, string value)
    {
        var all = Read(text, file);
        if (all.LastOrDefault(line => line.Name == variable) is { } assignment)
        {
            if (FlagPlace.All(Texts(assignment), flag).LastOrDefault() is { Count: > 0 } known)
            {
                return Replace(text, assignment, known, flag, value);
            }

            var at = assignment.Words is [.., var last] ? last.End : assignment.At;
            return text.Insert(at, $"{(assignment.Words.Count > 0 ? " " : "")}{flag}={value}");
        }

        if (IsUnit(file))
        {
            throw new InstallRefusal($"{file} has no {variable}: this node's kubelet does not take its flags from there");
        }

        var end = Yaml.TextLines.EndOf(text);
        var line = $"{variable}=\"{flag}={value}\"{end}";
        return text.Length == 0 || text.EndsWith('\n') ? text + line : $"{text}{end}{line}";
    }

    /// <summary>The value of a flag in a variable; <c>null</c> when it is not there or empty.</summary>
    public static string? InEffect(string text, string file, string variable, string flag) =>
        Read(text, file).LastOrDefault(line => line.Name == variable) is { } found
            && FlagPlace.InEffect(Texts(found), flag) is { Length: > 0 } value ? value : null;

    /// <summary>The flag of a variable that is in effect, as it is written; <c>null</c> when it is not there.</summary>
    public static string? Spelling(string text, string file, string variable, string flag) =>
        Read(text, file).LastOrDefault(line => line.Name == variable) is { } found
            && FlagPlace.All(Texts(found), flag).LastOrDefault() is { Count: > 0 } place
            ? text[found.Words[place.First].Start..found.Words[place.First + place.Count - 1].End]
            : null;

    /// <summary>Whether a text sets a variable, to no word perhaps.</summary>
    public static bool Has(string text, string file, string variable) => Read(text, file).Any(line => line.Name == variable);

    /// <summary>An environment file without lines that set a variable to no word.</summary>
    public static string WithoutEmpty(string text, string file, string variable)
    {
        while (!IsUnit(file) && Read(text, file).FirstOrDefault(line => line.Name == variable && IsEmptyLine(text, line)) is { } empty)
        {
            var start = Yaml.TextLines.Start(text, empty.At);
            text = text.Remove(start, Yaml.TextLines.Next(text, empty.At) - start);
        }

        return text;
    }

    /// <summary>Takes a flag of a value away wherever it is, or puts back what it stood for.</summary>
    public static string Remove(string text, string file, string flag, string value, string? replaced, string? spelling = null)
    {
        while (Find(text, file, flag, value) is var (assignment, place))
        {
            text = Respelled(text, file, assignment, place, flag, replaced, spelling)
                ?? (replaced is null ? Cut(text, assignment, place) : Replace(text, assignment, place, flag, replaced));
        }

        return text;
    }

    /// <summary>With what was written before, where that says the same in what the text has become.</summary>
    private static string? Respelled(
        string text, string file, Assignment assignment, FlagPlace place, string flag, string? replaced, string? spelling)
    {
        if (spelling is null)
        {
            return null;
        }

        var (first, last) = (assignment.Words[place.First], assignment.Words[place.First + place.Count - 1]);
        var after = text[..first.Start] + spelling + text[last.End..];
        return Read(after, file).Where(line => line.Name == assignment.Name).Any(
            line => FlagPlace.All(Texts(line), flag).Any(found => found.Value == (replaced ?? ""))) ? after : null;
    }

    /// <summary>Whether a text has only variables of these names, with no words.</summary>
    public static bool IsEmpty(string text, string file) =>
        text.Split('\n').All(line => string.IsNullOrWhiteSpace(line) || line.Contains('='))
        && Read(text, file).All(line => line.Words.Count == 0);

    private static bool IsEmptyLine(string text, Assignment line) => line.Words.Count == 0
        && text[Yaml.TextLines.Start(text, line.At)..Yaml.TextLines.Next(text, line.At)].Trim().TrimEnd('"', '\'') == $"{line.Name}=";

    private static (Assignment, FlagPlace)? Find(string text, string file, string flag, string value)
    {
        foreach (var assignment in Read(text, file))
        {
            foreach (var place in FlagPlace.All(Texts(assignment), flag).Where(place => UnixEndpoint.Same(place.Value, value)))
            {
                return (assignment, place);
            }
        }

        return null;
    }

    private static string Replace(string text, Assignment assignment, FlagPlace place, string flag, string value)
    {
        var (first, last) = (assignment.Words[place.First], assignment.Words[place.First + place.Count - 1]);
        return place.Count == 1 ? $"{text[..first.Start]}{flag}={value}{text[first.End..]}" : text[..last.Start] + value + text[last.End..];
    }

    private static string Cut(string text, Assignment assignment, FlagPlace place)
    {
        var words = assignment.Words;
        var (first, last) = (words[place.First], words[place.First + place.Count - 1]);
        var (start, end) = place.First > 0 ? (words[place.First - 1].End, last.End)
            : place.First + place.Count < words.Count ? (first.Start, words[place.First + place.Count].Start)
            : (first.Start, last.End);
        return text.Remove(start, end - start);
    }

    private static string[] Texts(Assignment assignment) => [.. assignment.Words.Select(word => word.Text)];
}
