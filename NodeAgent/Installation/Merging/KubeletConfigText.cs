using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>A <c>KubeletConfiguration</c>, YAML or JSON: one key of the top level; everything else stays as it is written.</summary>
internal static class KubeletConfigText
{
    public const string ImageService = "imageServiceEndpoint";

    public const string Runtime = "containerRuntimeEndpoint";

    private static readonly string[] Frame = ["apiVersion", "kind"];

    /// <summary>The value of a key of the top level; <c>null</c> when it is not there or empty.</summary>
    public static string? Value(string text, string file, string key) =>
        TextLines.IsBlank(text) ? null : YamlSpans.Read(text, file)[key]?.Value?.Trim() is { Length: > 0 } value ? value : null;

    /// <summary>Whether a key of the top level is there, with no value perhaps: kubelet takes that for its word, too.</summary>
    public static bool Says(string text, string file, string key) =>
        !TextLines.IsBlank(text) && YamlSpans.Read(text, file)[key] is not null;

    /// <summary>A whole file that sets the image service and nothing else.</summary>
    public static string DropIn(string endpoint) => $"""
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        {ImageService}: {endpoint}

        """;

    public static string Set(string text, string file, string endpoint) => Refusal.Of(file, () =>
    {
        var after = YamlMappings.Set(text, YamlSpans.Read(text, file), ImageService, endpoint);
        return Value(after, file, ImageService) == endpoint
            ? after
            : throw new InstallRefusal("imageServiceEndpoint cannot be set there without rewriting the whole file");
    });

    /// <summary>The image service as it is written; <c>null</c> when there is no such key.</summary>
    public static string? Spelling(string text, string file) =>
        TextLines.IsBlank(text) ? null : YamlMappings.Spelling(text, YamlSpans.Read(text, file), ImageService);

    /// <summary>The text with the image service as it was written, where that says the same in what the text has become.</summary>
    public static string Respell(string text, string file, string spelling, string? endpoint)
    {
        var mapping = YamlSpans.Read(text, file);
        var isOfJson = spelling.TrimStart([':', ' ', '\t', '\r', '\n']) is ['"', ..] or "null";
        var after = mapping.IsFlow && !isOfJson ? null : YamlMappings.Respell(text, mapping, ImageService, spelling);
        return after is not null && Value(after, file, ImageService) == endpoint ? after
            : endpoint is null ? Remove(text, file) : Set(text, file, endpoint);
    }

    public static string Remove(string text, string file) => YamlMappings.Remove(text, YamlSpans.Read(text, file), ImageService);

    /// <summary>Whether a file says nothing but what it is.</summary>
    public static bool IsEmpty(string text, string file) =>
        TextLines.IsBlank(text) || YamlSpans.Read(text, file).Entries!.TrueForAll(entry => Frame.Contains(entry.Key.Value));
}
