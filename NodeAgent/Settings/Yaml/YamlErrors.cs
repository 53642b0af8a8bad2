namespace RegistryProxy.NodeAgent.Settings.Yaml;

/// <summary>Collects the errors of one file, so that one run finds them all.</summary>
internal sealed class YamlErrors(string file)
{
    /// <summary>How many errors of one file are told at once.</summary>
    public const int MaxErrors = 100;

    /// <summary>The longest message, in characters: it may quote a value.</summary>
    public const int MaxMessage = 1000;

    private readonly List<(long Line, string Text)> _errors = [];

    public string File => file;

    /// <summary>Every error as <c>file:line: field: what is allowed</c>, by line.</summary>
    public IReadOnlyList<string> Sorted => [.. _errors.OrderBy(error => error.Line).Select(error => error.Text)];

    /// <summary>Where a reader looked last.</summary>
    public (long Line, string Field) LastRead { get; set; } = (1, "");

    public void Add(long line, string field, string message)
    {
        if (_errors.Count < MaxErrors)
        {
            _errors.Add((line, $"{file}:{Math.Max(1, line)}: {(field.Length == 0 ? "" : $"{Cut(field)}: ")}{Cut(message)}"));
        }
    }

    private static string Cut(string text) => text.Length <= MaxMessage ? text : $"{text[..MaxMessage]}…";
}
