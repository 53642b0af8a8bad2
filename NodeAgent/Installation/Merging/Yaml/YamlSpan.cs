namespace RegistryProxy.NodeAgent.Installation.Merging.Yaml;

/// <summary>
/// A node of a YAML or JSON text and where it stands there, so that a part can be changed and the rest stays as it is written.
/// </summary>
internal sealed record YamlSpan(int Start)
{
    /// <summary>Behind the last character of its content.</summary>
    public int End { get; set; } = Start;

    /// <summary>Whether it is written with brackets, as JSON is.</summary>
    public bool IsFlow { get; init; }

    /// <summary>The value of a scalar; <c>null</c> for none, which may be written as a word.</summary>
    public string? Value { get; init; }

    /// <summary>The entries of a mapping.</summary>
    public List<(YamlSpan Key, YamlSpan Value)>? Entries { get; init; }

    /// <summary>The items of a list.</summary>
    public List<YamlSpan>? Items { get; init; }

    /// <summary>The value of a key; <c>null</c> when it is not there or this is no mapping.</summary>
    public YamlSpan? this[string key] => Entries?.Find(entry => entry.Key.Value == key).Value;
}
