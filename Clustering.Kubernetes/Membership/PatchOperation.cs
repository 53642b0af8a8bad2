using System.Text.Json.Serialization;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>One operation of a JSON Patch (RFC 6902 §4).</summary>
/// <param name="Op"><c>test</c>, <c>add</c>, <c>replace</c> or <c>remove</c>.</param>
/// <param name="Path">A JSON pointer (RFC 6901).</param>
/// <param name="Value"><c>null</c> for <c>remove</c>.</param>
internal sealed record PatchOperation(
    [property: JsonPropertyName("op")] string Op,
    [property: JsonPropertyName("path")] string Path,
    [property: JsonPropertyName("value"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] object? Value = null);
