using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>A map whose keys are known. Every key that is asked for counts as known; <see cref="RefuseOthers"/> reports the rest.</summary>
public sealed class Section(YamlMappingNode map, string path, long line, ErrorList errors, KeyRules? rules = null)
{
    private readonly List<string> _known = [];

    /// <summary>The path that names it in errors.</summary>
    public string Path => path;

    /// <summary>The field of a key, there or not.</summary>
    public Field this[string key]
    {
        get
        {
            _known.Add(key);
            var name = path.Length == 0 ? key : $"{path}.{key}";
            var below = rules?.Below(key);
            if (!map.Children.TryGetValue(new YamlScalarNode(key), out var node))
            {
                return new Field(null, name, line, errors, below);
            }

            if (rules is null || (below is not null && Count(node) <= below.Most))
            {
                return new Field(node, name, node.Start.Line, errors, below);
            }

            errors.AddOnce(
                node.Start.Line, name, below is null ? rules.ReasonOf(key)
                    : $"has more than {below.Most} entries, which is the most in the part of a tenant");
            return new Field(below is null ? null : First(node, below.Most), name, node.Start.Line, errors, below);
        }
    }

    private static int Count(YamlNode node) =>
        node is YamlSequenceNode list ? list.Children.Count : node is YamlMappingNode entries ? entries.Children.Count : 1;

    /// <summary>What is too long is read as far as it may be: nothing more is wrong with it.</summary>
    private static YamlNode First(YamlNode node, int most) => node is YamlSequenceNode list
        ? new YamlSequenceNode(list.Children.Take(most)) : new YamlMappingNode(((YamlMappingNode)node).Children.Take(most));

    /// <summary>Declares keys that are read elsewhere.</summary>
    public void Know(params ReadOnlySpan<string> keys) => _known.AddRange(keys);

    /// <summary>Reports every key that nobody asked for.</summary>
    public void RefuseOthers()
    {
        string? allowed = null;
        foreach (var key in map.Children.Keys)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            if (!_known.Contains(name))
            {
                errors.Add(key.Start.Line, path.Length == 0 ? name : $"{path}.{name}",
                    $"unknown key{errors.Suggest(name, _known)}; allowed here: {allowed ??= string.Join(", ", _known.Distinct().Order())}");
            }
        }
    }
}
