using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Configuration.Yaml;

/// <summary>Reads one YAML document: no anchors, no aliases, no tags, no second document, no duplicate keys.</summary>
internal static class YamlFile
{
    /// <summary>The top map; <c>null</c>, with errors, when the text is not one.</summary>
    public static Field? Read(string text, ErrorList errors)
    {
        try
        {
            RefuseCleverness(text, errors);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (errors.Sorted.Count > 0)
            {
                return null;
            }

            if (stream.Documents.Count != 1)
            {
                errors.Add(1, "", stream.Documents.Count == 0 ? "the file is empty" : "the file holds more than one document");
                return null;
            }

            return new Field(stream.Documents[0].RootNode, "", 1, errors);
        }
        catch (YamlException fault)
        {
            errors.Add(fault.Start.Line, "", $"not valid YAML: {fault.Message}");
            return null;
        }
    }

    private static void RefuseCleverness(string text, ErrorList errors)
    {
        var parser = new Parser(new StringReader(text));
        while (parser.MoveNext())
        {
            if (parser.Current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
            {
                errors.Add(parser.Current.Start.Line, "", "anchors and aliases are not allowed; write the value out");
            }
            else if (parser.Current is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } })
            {
                errors.Add(parser.Current.Start.Line, "", "tags are not allowed");
            }
        }
    }
}
