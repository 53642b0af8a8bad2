using System.Text.RegularExpressions;

namespace RegistryProxy.Files.Yaml;

/// <summary>Collects the errors and warnings of one file.</summary>
public sealed partial class ErrorList(string file)
{
    /// <summary>How many errors of one file are told at once.</summary>
    public const int MaxErrors = 100;

    /// <summary>The longest message, in characters: it may quote a value.</summary>
    public const int MaxMessage = 1000;

    private readonly List<ConfigurationError> _errors = [];
    private readonly List<ConfigurationError> _warnings = [];

    /// <summary>The file.</summary>
    public string File => file;

    /// <summary>Whether there is no error.</summary>
    public bool IsEmpty => _errors.Count == 0;

    /// <summary>How many errors were noted, those that are not told among them.</summary>
    public int Count { get; private set; }

    /// <summary>The errors, by line.</summary>
    public IReadOnlyList<ConfigurationError> Sorted => [.. _errors.OrderBy(error => error.Line)];

    /// <summary>What works and may not be meant, by line.</summary>
    public IReadOnlyList<ConfigurationError> Warnings => [.. _warnings.OrderBy(warning => warning.Line)];

    /// <summary>Whether something in or below a field is wrong: what is defined there is there, whatever it lacks.</summary>
    public bool HasAt(string field) => _errors.Exists(error => error.Field.StartsWith(field, StringComparison.Ordinal)
        && (error.Field.Length == field.Length || error.Field[field.Length] is '.' or '['));

    /// <summary>Where a reader looked last.</summary>
    public (long Line, string Field) LastRead { get; set; } = (1, "");

    /// <summary>Notes an error.</summary>
    /// <param name="line">1-based.</param>
    /// <param name="field">The path of the field; empty for the file as a whole.</param>
    /// <param name="message">What was found and what is allowed; never the value of a secret.</param>
    public void Add(long line, string field, string message)
    {
        Count++;
        Add(_errors, line, field, message);
    }

    /// <summary>What stands before the host of a quoted address: a user name, a password, a token.</summary>
    [GeneratedRegex("://[^/?#\\s]*@", RegexOptions.NonBacktracking)]
    private static partial Regex UserInfo();

    /// <summary>What somebody may have meant, as <see cref="Suggestion"/> says; nothing once no more errors are told.</summary>
    public string Suggest(string text, IEnumerable<string> names) =>
        Math.Max(_errors.Count, _warnings.Count) >= MaxErrors ? "" : Suggestion.For(text, names);

    /// <summary>Notes an error unless the same one is noted.</summary>
    public void AddOnce(long line, string field, string message)
    {
        if (_errors.Count > MaxErrors)
        {
            Count++;
        }
        else if (!_errors.Exists(error => error.Line == line && error.Field == Cut(field) && error.Message == Cut(message)))
        {
            Add(line, field, message);
        }
    }

    /// <summary>Notes an error of a place.</summary>
    public void Add(FieldPlace place, string message) => Add(place.Line, place.Path, message);

    /// <summary>Notes what works and may not be meant.</summary>
    public void Warn(long line, string field, string message) => Add(_warnings, line, field, message);

    private void Add(List<ConfigurationError> list, long line, string field, string message)
    {
        message = UserInfo().Replace(message, "://***@");
        if (list.Count < MaxErrors)
        {
            list.Add(new ConfigurationError(file, (int)Math.Clamp(line, 1, int.MaxValue), Cut(field), Cut(message)));
        }
        else if (list.Count == MaxErrors)
        {
            list.Add(new ConfigurationError(
                file, int.MaxValue, "", $"only the first {MaxErrors} errors are shown; fix them to see the others"));
        }
    }

    private static string Cut(string text) => text.Length <= MaxMessage ? text : $"{text[..MaxMessage]}…";
}
