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

            if (rules is null || below is not null)
            {
                return new Field(node, name, node.Start.Line, errors, below);
            }

            errors.AddOnce(node.Start.Line, name, rules.ReasonOf(key));
            return new Field(null, name, node.Start.Line, errors, below);
        }
    }

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
