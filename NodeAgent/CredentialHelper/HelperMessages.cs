using System.Text.Json.Serialization;

namespace RegistryProxy.NodeAgent.CredentialHelper;

/// <summary>A credential as docker passes it (docker-credential-helpers, credentials).</summary>
internal sealed record HelperCredential
{
    [JsonPropertyName("ServerURL")]
    public string? ServerUrl { get; init; }

    public string? Username { get; init; }

    public string? Secret { get; init; }

    /// <summary>When it ends; <c>null</c> when nobody said. Kept in the file alone.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? Expires { get; init; }

    public override string ToString() => "HelperCredential";
}

/// <summary>Reading and writing without reflection.</summary>
[JsonSerializable(typeof(HelperCredential))]
[JsonSerializable(typeof(Dictionary<string, HelperCredential>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class HelperJson : JsonSerializerContext;
