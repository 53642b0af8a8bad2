using System.Text.Json.Serialization;

namespace RegistryProxy.NodeAgent.CredentialProvider;

/// <summary>
/// What kubelet asks (kubelet, pkg/apis/credentialprovider/v1): an image without tag or digest, perhaps with the token of the pod.
/// </summary>
internal sealed record ProviderRequest
{
    public string? Kind { get; init; }

    public string? ApiVersion { get; init; }

    public string? Image { get; init; }

    public string? ServiceAccountToken { get; init; }

    public Dictionary<string, string>? ServiceAccountAnnotations { get; init; }

    public override string ToString() => "ProviderRequest";
}

/// <summary>What kubelet reads, strictly.</summary>
internal sealed record ProviderResponse
{
    public string Kind { get; } = "CredentialProviderResponse";

    public string ApiVersion { get; } = ProviderVersion.Current;

    /// <summary>What one answer is good for: <c>Image</c>, <c>Registry</c> or <c>Global</c>.</summary>
    public required string CacheKeyType { get; init; }

    /// <summary>How long kubelet may keep it, as Go writes durations.</summary>
    public required string CacheDuration { get; init; }

    /// <summary>From a registry to its credential.</summary>
    public required Dictionary<string, ProviderAuth> Auth { get; init; }

    public override string ToString() => "ProviderResponse";
}

internal sealed record ProviderAuth(string Username, string Password)
{
    public override string ToString() => "ProviderAuth";
}

internal static class ProviderVersion
{
    public const string Current = "credentialprovider.kubelet.k8s.io/v1";
}

/// <summary>Reading and writing without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProviderRequest))]
[JsonSerializable(typeof(ProviderResponse))]
internal sealed partial class ProviderJson : JsonSerializerContext;
