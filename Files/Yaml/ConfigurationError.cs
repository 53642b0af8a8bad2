namespace RegistryProxy.Files.Yaml;

/// <summary>One thing that is wrong with a configuration file.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">1-based.</param>
/// <param name="Field">The path of the field, such as <c>tenants.acme.routes[1].upstream</c>.</param>
/// <param name="Message">What was found and what is allowed; never the value of a secret.</param>
public sealed record ConfigurationError(string File, int Line, string Field, string Message)
{
    /// <summary>Where it is; what a file says there cannot break out of the line.</summary>
    public string Field { get; init; } = VisibleText.Of(Field);

    /// <summary>What is wrong; what a file says there cannot break out of the line.</summary>
    public string Message { get; init; } = VisibleText.Of(Message);

    /// <summary><c>file:line: field: message</c></summary>
    public override string ToString() => Field.Length == 0 ? $"{File}:{Line}: {Message}" : $"{File}:{Line}: {Field}: {Message}";

    /// <summary><c>file:line: warning: field: message</c></summary>
    public string ToWarning() => Field.Length == 0 ? $"{File}:{Line}: warning: {Message}" : $"{File}:{Line}: warning: {Field}: {Message}";
}
