using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>A place in the file: its node, or nothing, and the path that names it in errors.</summary>
public sealed class Field(YamlNode? node, string path, long line, ErrorList errors, KeyRules? rules = null)
{
    /// <summary>The path that names it in errors.</summary>
    public string Path => path;

    /// <summary>Where it stands.</summary>
    public FieldPlace Place => new(errors.File, node?.Start.Line ?? line, path);

    /// <summary>The errors of its file.</summary>
    public ErrorList Errors => errors;

    /// <summary>Whether the field is there with a value.</summary>
    public bool IsPresent => node is not null and not YamlScalarNode { Value: null or "", Style: ScalarStyle.Plain };

    /// <summary>Whether it is a map.</summary>
    public bool IsMap => node is YamlMappingNode;

    /// <summary>Whether it is a list.</summary>
    public bool IsList => node is YamlSequenceNode;

    /// <summary>Names what it says, by 16 hexadecimal digits.</summary>
    /// <param name="withSecrets">Whether secrets that stand in the file count; a stamp that travels must not tell of them.</param>
    public string Stamp(bool withSecrets) => NodeStamp.Of(node, withSecrets);

    /// <summary>Says what is wrong with it.</summary>
    public void Fail(string message) => errors.Add(node?.Start.Line ?? line, path, message);

    /// <summary>Says what works and may not be meant.</summary>
    public void Warn(string message) => errors.Warn(node?.Start.Line ?? line, path, message);

    /// <summary>The fields of a map; <c>null</c>, with an error, when it is something else.</summary>
    public Section? Map()
    {
        if (node is YamlMappingNode map)
        {
            return new Section(map, path, map.Start.Line, errors, rules);
        }

        Fail("must be a map of keys and values");
        return null;
    }

    /// <summary>The fields of a map that may be absent: none then, and none, with an error, when it is something else.</summary>
    public Section Fields() => (IsPresent ? Map() : null)
        ?? new Section(new YamlMappingNode(), path, node?.Start.Line ?? line, errors, rules);

    /// <summary>The named entries of a map whose keys are free.</summary>
    public IEnumerable<(string Name, Field Field)> Entries()
    {
        if (!IsPresent)
        {
            yield break;
        }

        if (node is not YamlMappingNode map)
        {
            Fail("must be a map of names");
            yield break;
        }

        foreach (var (key, value) in map.Children)
        {
            var name = (key as YamlScalarNode)?.Value ?? "";
            yield return (name, new Field(value, path.Length == 0 ? name : $"{path}.{name}", key.Start.Line, errors, rules?.Each));
        }
    }

    /// <summary>The items of a list; a single value counts as a list of one where <paramref name="orSingle"/> says so.</summary>
    public IEnumerable<Field> Items(bool orSingle = false)
    {
        if (!IsPresent)
        {
            return [];
        }

        if (node is YamlSequenceNode list)
        {
            return list.Children.Select((item, index) => new Field(item, $"{path}[{index}]", item.Start.Line, errors, rules));
        }

        if (orSingle && node is YamlScalarNode)
        {
            return [this];
        }

        errors.AddOnce(node!.Start.Line, path, "must be a list, such as [one, two]");
        return [];
    }

    /// <summary>A list of texts that may not be empty, since empty never means all.</summary>
    public IReadOnlyList<string> RequiredList()
    {
        string[] items = [.. Items().Select(item => item.RequiredText())];
        if (items.Length == 0 && (IsList || !IsPresent))
        {
            Fail("is required and may not be empty: empty never means all");
        }

        return items;
    }

    /// <summary>The text of a scalar; <c>null</c> when absent, or, with an error, when it is something else.</summary>
    public string? Text()
    {
        errors.LastRead = (node?.Start.Line ?? line, path);
        if (!IsPresent && node is not YamlScalarNode { Style: not ScalarStyle.Plain })
        {
            return null;
        }

        if (node is YamlScalarNode { Value: { } value })
        {
            return value;
        }

        Fail("must be a single value, not a map or a list");
        return null;
    }

    /// <summary>The text of a scalar that must be there.</summary>
    public string RequiredText()
    {
        if (!IsPresent)
        {
            Fail("is required");
        }

        return Text() ?? "";
    }
}

/// <summary>Where a field stands.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">1-based.</param>
/// <param name="Path">The path that names it in errors.</param>
public sealed record FieldPlace(string File, long Line, string Path)
{
    /// <summary><c>file:line</c></summary>
    public override string ToString() => $"{File}:{Line}";
}
