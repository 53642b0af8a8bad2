using RegistryProxy.Files;

namespace RegistryProxy.Configuration.Yaml;

/// <summary>Reads one YAML document: no anchors, no aliases, no tags, no second document, no duplicate keys.</summary>
internal static class YamlFile
{
    /// <summary>The top map; <c>null</c>, with errors, when the text is not one.</summary>
    public static Field? Read(string text, ErrorList errors)
    {
        if (BoundedYaml.Read(text, out var problem) is { } root)
        {
            return new Field(root, "", 1, errors);
        }

        errors.Add(problem.Line, "", problem.Message);
        return null;
    }
}
