using RegistryProxy.Files.Yaml;
using RegistryProxy.NodeAgent.Installation.Requests;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RegistryProxy.NodeAgent.Installation.Merging.Yaml;

/// <summary>Reads where the nodes of a YAML or JSON text stand.</summary>
internal static class YamlSpans
{
    /// <summary>Words without quotes that mean nothing (YAML 1.2, 10.2.1.1; JSON).</summary>
    private static readonly string[] Nulls = ["", "~", "null", "Null", "NULL"];

    /// <summary>The mapping of the only document.</summary>
    /// <exception cref="InstallRefusal">The text is no such thing.</exception>
    public static YamlSpan Read(string text, string file)
    {
        if (BoundedYaml.Read(text, out var problem) is null)
        {
            throw new InstallRefusal($"{file}, line {problem.Line}: it cannot be merged: {problem.Message}");
        }

#pragma warning disable RS0030 // The text was found to be within bounds; the tree that it makes does not say where brackets are closed.
        var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
#pragma warning restore RS0030
        parser.Consume<StreamStart>();
        parser.Consume<DocumentStart>();
        var root = Node(parser);
        return root.Entries is not null ? root : throw new InstallRefusal($"{file} is no mapping, so it cannot be merged");
    }

    private static YamlSpan Node(Parser parser)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
        {
            var isNull = scalar.Style == ScalarStyle.Plain && Nulls.Contains(scalar.Value);
            return new YamlSpan((int)scalar.Start.Index) { End = (int)scalar.End.Index, Value = isNull ? null : scalar.Value };
        }

        return parser.TryConsume<SequenceStart>(out var list) ? List(parser, list) : Mapping(parser, parser.Consume<MappingStart>());
    }

    private static YamlSpan List(Parser parser, SequenceStart start)
    {
        var span = new YamlSpan((int)start.Start.Index) { Items = [], IsFlow = start.Style == SequenceStyle.Flow };
        SequenceEnd end;
        while (!parser.TryConsume(out end!))
        {
            span.Items.Add(Node(parser));
        }

        span.End = span.IsFlow ? (int)end.Start.Index + 1 : span.Items is [.., var last] ? last.End : span.Start;
        return span;
    }

    private static YamlSpan Mapping(Parser parser, MappingStart start)
    {
        var span = new YamlSpan((int)start.Start.Index) { Entries = [], IsFlow = start.Style == MappingStyle.Flow };
        MappingEnd end;
        while (!parser.TryConsume(out end!))
        {
            span.Entries.Add((Node(parser), Node(parser)));
        }

        span.End = span.IsFlow ? (int)end.Start.Index + 1 : span.Entries is [.., var last] ? last.Value.End : span.Start;
        return span;
    }
}
