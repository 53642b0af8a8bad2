using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>Reads a file of settings: one YAML document within the bounds of <see cref="BoundedYaml"/>, which holds a map.</summary>
public static class YamlFile
{
    /// <summary>
    /// What the text of a file says; <c>null</c>, with errors, when it is not such a document or <paramref name="read"/> throws.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="errors">The errors of the file.</param>
    /// <param name="read">Reads its map.</param>
    public static T? Read<T>(string text, ErrorList errors, Func<Section, T> read)
        where T : class => Parse(text, errors) is { } document ? document.Read(errors, read) : null;

    /// <summary>The document that the text is; <c>null</c>, with errors, when it is none.</summary>
    public static SettingsDocument? Parse(string text, ErrorList errors)
    {
        switch (BoundedYaml.Read(text, out var problem))
        {
            case YamlMappingNode map:
                return new SettingsDocument(map);
            case null:
                errors.Add(problem.Line, "", problem.Message);
                return null;
            default:
                errors.Add(1, "", "the file must hold one map of settings");
                return null;
        }
    }
}
