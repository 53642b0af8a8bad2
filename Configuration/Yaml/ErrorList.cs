namespace RegistryProxy.Configuration.Yaml;

/// <summary>Collects every error of one file.</summary>
internal sealed class ErrorList(string file)
{
    private readonly List<ConfigurationError> _errors = [];

    public string File => file;

    /// <summary>Every error, by line.</summary>
    public IReadOnlyList<ConfigurationError> Sorted => [.. _errors.OrderBy(error => error.Line)];

    public void Add(long line, string field, string message) =>
        _errors.Add(new ConfigurationError(file, (int)Math.Max(1, line), field, message));
}
