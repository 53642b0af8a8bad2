using RegistryProxy.Files;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.NodeAgent.Settings.Yaml;

/// <summary>One value of the agent's file, or its absence: where it stands, and reading it strictly.</summary>
internal sealed class YamlValue(YamlNode? node, string path, long line, YamlErrors errors)
{
    private readonly List<string> _known = [];

    public bool IsPresent => node is not null and not YamlScalarNode { Value: null or "", Style: ScalarStyle.Plain };

    /// <summary>The folder that relative paths begin at.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(errors.File)) ?? "/";

    /// <summary>A field of a map; every field that is asked for counts as known.</summary>
    public YamlValue this[string key]
    {
        get
        {
            _known.Add(key);
            var child = (node as YamlMappingNode)?.Children.FirstOrDefault(pair => NameOf(pair.Key) == key);
            return new YamlValue(
                child?.Value, path.Length == 0 ? key : $"{path}.{key}", child?.Key?.Start.Line ?? node?.Start.Line ?? line, errors);
        }
    }

    /// <summary>The document of a text; <c>null</c>, with errors, when it is not one map.</summary>
    public static YamlValue? Read(string text, YamlErrors errors)
    {
        switch (BoundedYaml.Read(text, out var problem))
        {
            case YamlMappingNode map:
                return new YamlValue(map, "", 1, errors);
            case null:
                errors.Add(problem.Line, "", problem.Message);
                return null;
            default:
                errors.Add(1, "", "the file must hold one map of settings");
                return null;
        }
    }

    public void Fail(string message) => errors.Add(node?.Start.Line ?? line, path, message);

    /// <summary>Reports what is not a map, and every key that nobody asked for.</summary>
    public void RefuseOthers()
    {
        if (node is YamlMappingNode map)
        {
            foreach (var key in map.Children.Keys.Where(key => !_known.Contains(NameOf(key))))
            {
                errors.Add(
                    key.Start.Line, path.Length == 0 ? NameOf(key) : $"{path}.{NameOf(key)}",
                    $"unknown key; allowed here: {string.Join(", ", _known.Order())}");
            }
        }
        else if (IsPresent)
        {
            Fail("must be a map of keys and values");
        }
    }

    public IEnumerable<YamlValue> Items()
    {
        if (IsPresent && node is not YamlSequenceNode)
        {
            Fail("must be a list");
        }

        return (node as YamlSequenceNode)?.Children.Select(
            (item, index) => new YamlValue(item, $"{path}[{index}]", item.Start.Line, errors)) ?? [];
    }

    /// <summary>The entries of a map whose keys are free.</summary>
    public IEnumerable<(string Name, YamlValue Value)> Entries()
    {
        if (IsPresent && node is not YamlMappingNode)
        {
            Fail("must be a map of names");
        }

        return (node as YamlMappingNode)?.Children.Select(
            pair => (NameOf(pair.Key), new YamlValue(pair.Value, $"{path}.{NameOf(pair.Key)}", pair.Key.Start.Line, errors))) ?? [];
    }

    public string? Text()
    {
        errors.LastRead = (node?.Start.Line ?? line, path);
        if (IsPresent && node is not YamlScalarNode)
        {
            Fail("must be a single value");
        }

        return IsPresent ? (node as YamlScalarNode)?.Value : null;
    }

    public string RequiredText()
    {
        if (!IsPresent)
        {
            Fail("is required");
        }

        return Text() ?? "";
    }

    /// <summary>One of a few words.</summary>
    public string OneOf(string? otherwise, params ReadOnlySpan<string> words)
    {
        var text = otherwise is null ? RequiredText() : Text() ?? otherwise;
        if (!words.Contains(text) && IsPresent)
        {
            Fail($"'{text}' must be one of {string.Join(", ", words)}");
        }

        return text;
    }

    private static string NameOf(YamlNode key) => (key as YamlScalarNode)?.Value ?? "";
}
