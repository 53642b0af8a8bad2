using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RegistryProxy.Files;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>Puts providers into a <c>CredentialProviderConfig</c> that others wrote, JSON or YAML, and leaves theirs alone.</summary>
internal static class ProviderConfigMerge
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    public static Merged Add(string text, string file, IReadOnlyList<ProviderEntry> entries) =>
        text.TrimStart().StartsWith('{') ? AddJson(text, file, entries) : AddYaml(text, file, entries);

    /// <summary>Takes providers of these names out of JSON.</summary>
    public static string RemoveJson(string text, Func<string, bool> isOurs)
    {
        var root = JsonNode.Parse(text)!.AsObject();
        if (root["providers"] is JsonArray providers)
        {
            foreach (var provider in providers.Where(provider => isOurs(provider?["name"]?.GetValue<string>() ?? "")).ToList())
            {
                providers.Remove(provider);
            }
        }

        return Write(root);
    }

    private static Merged AddJson(string text, string file, IReadOnlyList<ProviderEntry> entries)
    {
        try
        {
            var root = JsonNode.Parse(text)!.AsObject();
            var providers = root["providers"]?.AsArray() ?? throw new InstallRefusal($"{file} has no providers: is it a CredentialProviderConfig?");
            var ours = entries.Select(entry => entry.ToJson()).ToList();
            if (ours.All(entry => providers.Any(provider => JsonNode.DeepEquals(provider, entry))))
            {
                return new Merged(text, null);
            }

            foreach (var old in providers.Where(provider => entries.Any(entry => entry.Name == provider?["name"]?.GetValue<string>())).ToList())
            {
                providers.Remove(old);
            }

            ours.ForEach(entry => providers.Add((JsonNode)entry));
            return new Merged(Write(root), null);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new InstallRefusal($"{file} is not JSON that can be merged: {fault.Message}");
        }
    }

    private static Merged AddYaml(string text, string file, IReadOnlyList<ProviderEntry> entries)
    {
        if (BoundedYaml.Read(text, out var problem) is not { } document)
        {
            throw new InstallRefusal($"{file}:{problem.Line} is not YAML that can be merged: {problem.Message}");
        }

        if (document is not YamlMappingNode root || !root.Children.TryGetValue("providers", out var found)
            || found is not YamlSequenceNode { Style: not YamlDotNet.Core.Events.SequenceStyle.Flow, Children.Count: > 0 } providers)
        {
            throw new InstallRefusal($"{file} has no list of providers: is it a CredentialProviderConfig?");
        }

        var missing = entries.Where(entry => !providers.Children.OfType<YamlMappingNode>().Any(known => known.Children.TryGetValue("name", out var name) && $"{name}" == entry.Name)).ToList();
        if (missing.Count == 0)
        {
            return new Merged(text, null);
        }

        // The dash stands two columns before the keys of an item; the new items follow the last one.
        var indent = new string(' ', (int)Math.Max(0, providers.Children[0].Start.Column - 3));
        var inserted = string.Concat(missing.Select(entry => entry.ToYaml(indent)));
        var lines = text.EndsWith('\n') ? text : $"{text}\n";
        var at = LineStart(lines, LastLine(providers));
        return new Merged(lines.Insert(at, inserted), inserted);
    }

    /// <summary>The last line of a node's content, from 1.</summary>
    private static long LastLine(YamlNode node) => node.AllNodes.OfType<YamlScalarNode>().Max(scalar => scalar.End.Line);

    private static int LineStart(string text, long linesBefore)
    {
        var at = 0;
        for (var line = 0; line < linesBefore; line++)
        {
            at = text.IndexOf('\n', at) + 1;
        }

        return at;
    }

    private static string Write(JsonObject root)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Indented))
        {
            root.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }
}
