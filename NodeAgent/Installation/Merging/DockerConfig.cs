using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>docker's <c>config.json</c>: a helper for each host, everything else as it was.</summary>
internal static class DockerConfig
{
    private const string Helpers = "credHelpers";
    private const string Name = "registryproxy";

    private static readonly JsonWriterOptions Indented = new() { Indented = true };

    public static Merged AddHelpers(string text, string file, IEnumerable<string> hosts)
    {
        var root = Parse(text, file);
        var helpers = root[Helpers] as JsonObject ?? [];
        var missing = hosts.Distinct().Where(host => helpers[host]?.GetValue<string>() != Name).ToList();
        if (missing.Count == 0)
        {
            return new Merged(text, null);
        }

        foreach (var host in missing)
        {
            helpers[host] = Name;
        }

        if (helpers.Parent is null)
        {
            root[Helpers] = helpers;
        }

        return new Merged(Write(root), null);
    }

    public static string RemoveHelpers(string text, string file)
    {
        var root = Parse(text, file);
        if (root[Helpers] is JsonObject helpers)
        {
            foreach (var host in helpers.Where(entry => entry.Value?.GetValue<string>() == Name).Select(entry => entry.Key).ToList())
            {
                helpers.Remove(host);
            }
        }

        return Write(root);
    }

    private static JsonObject Parse(string text, string file)
    {
        try
        {
            return JsonNode.Parse(text)?.AsObject() ?? throw new InstallRefusal($"{file} is empty");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new InstallRefusal($"{file} is not JSON that can be merged: {fault.Message}");
        }
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
