namespace RegistryProxy.NodeAgent.Settings.Yaml;

/// <summary>Collects every error of one file, so that one run finds them all.</summary>
internal sealed class YamlErrors(string file)
{
    private readonly List<(long Line, string Text)> _errors = [];

    public string File => file;

    /// <summary>Every error as <c>file:line: field: what is allowed</c>, by line.</summary>
    public IReadOnlyList<string> Sorted => [.. _errors.OrderBy(error => error.Line).Select(error => error.Text)];

    public void Add(long line, string field, string message) =>
        _errors.Add((line, $"{file}:{Math.Max(1, line)}: {(field.Length == 0 ? "" : $"{field}: ")}{message}"));
}
