using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>One provider of kubelet's <c>CredentialProviderConfig</c> (kubelet, config/v1).</summary>
/// <param name="Name">The name of the program in the folder of providers.</param>
/// <param name="Images">Patterns of images.</param>
/// <param name="Audience">The audience of workloads' tokens; <c>null</c> for the node's own identity.</param>
/// <param name="OnlyWorkloads">Whether kubelet asks for pods with a service account alone.</param>
internal sealed record ProviderEntry(string Name, IReadOnlyList<string> Images, string? Audience, bool OnlyWorkloads)
{
    public const string NamePrefix = "registryproxy-";

    /// <summary>
    /// The answer to a pod's token is that token: kubelet takes it from no other cache, and it is of this pod alone (kubelet 1.34).
    /// </summary>
    private const string CacheType = "Token";

    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n" };

    private const string Header = """
        apiVersion: kubelet.config.k8s.io/v1
        kind: CredentialProviderConfig
        providers:

        """;

    /// <summary>One for the registries that know nodes alone, and one for each audience: kubelet takes one audience a program.</summary>
    public static IReadOnlyList<ProviderEntry> Of(AgentSettings settings) =>
    [
        .. settings.FrontDoors.GroupBy(registry => (registry.Workloads?.Audience, OnlyWorkloads: registry.Identity is null))
            .OrderBy(group => group.Key.Audience).Select((group, index) => new ProviderEntry(
            $"{NamePrefix}credential-provider{(index == 0 ? "" : $"-{index + 1}")}",
            [.. group.SelectMany(registry => registry.Images)
                .Select(pattern => pattern.Text)], group.Key.Audience, group.Key.OnlyWorkloads)),
    ];

    /// <summary>A whole configuration.</summary>
    public static string File(IEnumerable<ProviderEntry> entries) =>
        Header + string.Concat(entries.SelectMany(entry => entry.ToYaml("")).Select(line => $"{line}\n"));

    /// <summary>As JSON, in lines.</summary>
    public string ToIndentedJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Indented))
        {
            ToJson().WriteTo(writer);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private JsonObject ToJson()
    {
        var entry = new JsonObject
        {
            ["name"] = Name,
            ["matchImages"] = new JsonArray([.. Images.Select(image => (JsonNode)JsonValue.Create(image))]),
            ["defaultCacheDuration"] = "5m",
            ["apiVersion"] = "credentialprovider.kubelet.k8s.io/v1",
            ["args"] = new JsonArray(JsonValue.Create("credential-provider")),
        };
        if (Audience is not null)
        {
            entry["tokenAttributes"] = new JsonObject
            {
                ["serviceAccountTokenAudience"] = Audience, ["cacheType"] = CacheType, ["requireServiceAccount"] = OnlyWorkloads,
            };
        }

        return entry;
    }

    /// <summary>As lines of YAML.</summary>
    public IEnumerable<string> ToYaml(string indent)
    {
        string[] lines =
        [
            $"- name: {Name}", $"  matchImages: [{string.Join(", ", Images.Select(image => $"\"{image}\""))}]",
            "  defaultCacheDuration: 5m",
            "  apiVersion: credentialprovider.kubelet.k8s.io/v1", "  args: [credential-provider]",
        ];
        string[] token = Audience is null
            ? []
            : ["  tokenAttributes:", $"    serviceAccountTokenAudience: \"{Audience}\"", $"    cacheType: {CacheType}",
                $"    requireServiceAccount: {(OnlyWorkloads ? "true" : "false")}"];
        return lines.Concat(token).Select(line => $"{indent}{line}");
    }
}
