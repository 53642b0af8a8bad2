using System.Text.Json;
using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>docker's <c>config.json</c>: a helper for each host; everything else stays as it is written.</summary>
internal static class DockerConfigText
{
    /// <summary>The helper by the name that docker has for it.</summary>
    public const string Name = "registryproxy";

    private const string Helpers = "credHelpers";

    public static string Add(string text, string file, IReadOnlyList<string> hosts)
    {
        RefuseOther(text, file);
        if (YamlSpans.Read(text, file)[Helpers] is null)
        {
            text = InsertHelpers(text, YamlSpans.Read(text, file));
        }

        foreach (var host in hosts)
        {
            text = YamlMappings.Set(text, YamlSpans.Read(text, file)[Helpers]!, host, Name);
        }

        RefuseOther(text, file);
        return text;
    }

    public static string Remove(string text, string file)
    {
        var without = WithoutOurs(text, file);
        return without != text && YamlSpans.Read(without, file) is var root && root[Helpers] is { Entries.Count: 0 }
            ? YamlMappings.Remove(without, root, Helpers)
            : without;
    }

    /// <summary>The text without this program: where a former text names another helper, that one comes back.</summary>
    public static string Restore(string text, string file, string former)
    {
        var before = string.IsNullOrWhiteSpace(former) ? null : YamlSpans.Read(former, file)[Helpers];
        foreach (var (key, value) in before?.Entries?.Where(entry => entry.Value.Value is not null) ?? [])
        {
            if (!string.IsNullOrWhiteSpace(text) && YamlSpans.Read(text, file)[Helpers] is { } now && now[key.Value!]?.Value == Name)
            {
                text = YamlMappings.Set(text, now, key.Value!, value.Value!);
            }
        }

        return before is null ? Remove(text, file) : WithoutOurs(text, file);
    }

    /// <summary>Whether nothing is in it.</summary>
    public static bool IsEmpty(string text, string file) =>
        string.IsNullOrWhiteSpace(text) || YamlSpans.Read(text, file).Entries!.Count == 0;

    /// <summary>A host whose helper is this program; <c>null</c> when there is none.</summary>
    public static string? Ours(string text, string file) =>
        YamlSpans.Read(text, file)[Helpers]?.Entries?.Find(entry => entry.Value.Value == Name).Key?.Value;

    /// <summary>The text without this program's helpers; the list of helpers stays.</summary>
    public static string WithoutOurs(string text, string file)
    {
        while (!string.IsNullOrWhiteSpace(text) && Ours(text, file) is { } host)
        {
            text = YamlMappings.Remove(text, YamlSpans.Read(text, file)[Helpers]!, host);
        }

        return text;
    }

    private static string InsertHelpers(string text, YamlSpan root)
    {
        var lead = root.Entries is [var first, ..] ? text[(root.Start + 1)..first.Key.Start] : "";
        return root.Entries is [.., var last]
            ? text.Insert(last.Value.End, $",{lead}\"{Helpers}\": {{}}")
            : text.Insert(root.Start + 1, $"\"{Helpers}\": {{}}");
    }

    /// <summary>docker reads JSON and nothing more.</summary>
    private static void RefuseOther(string text, string file)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            if (parsed.RootElement.ValueKind != JsonValueKind.Object
                || (parsed.RootElement.TryGetProperty(Helpers, out var helpers) && helpers.ValueKind != JsonValueKind.Object))
            {
                throw new InstallRefusal($"{file} is no object, or its {Helpers} is none, so nothing can be added to it");
            }
        }
        catch (JsonException fault)
        {
            throw new InstallRefusal($"{file} is not JSON that can be merged: {fault.Message}");
        }
    }
}
