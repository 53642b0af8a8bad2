using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RegistryProxy.Files.Yaml;

/// <summary>
/// The events of a document, ended at the first that is not allowed: what makes nodes of them calls itself once for each level, and the
/// parser before it does not.
/// </summary>
internal sealed class BoundedParser(IParser inner) : IParser
{
    private readonly Stack<Level> _levels = new();
    private int _nodes;
    private int _documents;

    private enum Level
    {
        List,
        Key,
        Value,
    }

    public ParsingEvent? Current => inner.Current;

    public bool MoveNext()
    {
        if (!inner.MoveNext())
        {
            return false;
        }

        switch (inner.Current)
        {
            case NodeEvent node:
                Enter(node);
                break;
            case MappingEnd or SequenceEnd:
                _levels.Pop();
                break;
            case DocumentStart start when ++_documents > 1:
                throw new YamlRefusal(start, "the file holds more than one document");
            case AnchorAlias alias:
                throw new YamlRefusal(alias, "anchors and aliases are not allowed; write the value out");
        }

        return true;
    }

    private void Enter(NodeEvent node)
    {
        if (!node.Anchor.IsEmpty)
        {
            throw new YamlRefusal(node, "anchors and aliases are not allowed; write the value out");
        }

        if (node.Tag is { IsEmpty: false, IsNonSpecific: false })
        {
            throw new YamlRefusal(node, "tags are not allowed");
        }

        if (++_nodes > BoundedYaml.MaxNodes)
        {
            throw new YamlRefusal(node, $"the file has more than {BoundedYaml.MaxNodes} values");
        }

        if (_levels.TryPop(out var level))
        {
            if (level == Level.Key)
            {
                RequireKey(node);
            }

            _levels.Push(level switch { Level.Key => Level.Value, Level.Value => Level.Key, _ => level });
        }

        if (node is Scalar scalar)
        {
            RequireText(scalar);
            return;
        }

        if (_levels.Count == BoundedYaml.MaxDepth)
        {
            throw new YamlRefusal(node, $"lists and maps are nested deeper than {BoundedYaml.MaxDepth} levels");
        }

        _levels.Push(node is MappingStart ? Level.Key : Level.List);
    }

    private static void RequireKey(NodeEvent node)
    {
        if (node is not Scalar { Value.Length: > 0 })
        {
            throw new YamlRefusal(node, "a key must be a single value and may not be empty");
        }
    }

    /// <summary>A quoted text may name characters that a file may not hold.</summary>
    private static void RequireText(Scalar scalar)
    {
        foreach (var c in scalar.Value)
        {
            if (char.IsControl(c) && c is not ('\t' or '\n' or '\r' or '\u0085'))
            {
                throw new YamlRefusal(scalar, $"the character U+{(int)c:X4} is not allowed in a value");
            }
        }
    }
}

/// <summary>YAML that is valid and not taken here.</summary>
internal sealed class YamlRefusal(ParsingEvent at, string message) : YamlException(at.Start, at.End, message);
