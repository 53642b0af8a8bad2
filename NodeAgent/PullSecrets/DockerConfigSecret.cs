using System.Text;
using System.Text.Json.Nodes;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.PullSecrets;

/// <summary>A Secret of type <c>kubernetes.io/dockerconfigjson</c> as the API server has it, and whether it is one of ours.</summary>
internal static class DockerConfigSecret
{
    private const string Type = "kubernetes.io/dockerconfigjson";
    private const string Key = ".dockerconfigjson";
    private const string Label = "app.kubernetes.io/managed-by";
    private const string Owner = "registryproxy-pull-secrets";

    /// <summary>Why a Secret that is there is not written over; <c>null</c> when it is one of ours.</summary>
    public static string? Foreign(JsonObject secret) =>
        Text(secret["metadata"]?["labels"]?[Label]) != Owner
            ? $"it belongs to somebody else: it has no label {Label}={Owner}. Delete it, or choose another name"
        : Text(secret["metadata"]?["resourceVersion"]) is null ? "the API server does not say which version it is"
        : Text(secret["type"]) != Type ? $"its type is not {Type}, and a type cannot be changed: delete it"
        : null;

    /// <summary>Whether it says what it should.</summary>
    public static bool Holds(JsonObject secret, string authority, RegistryCredential credential) =>
        Text(secret["data"]?[Key]) == Content(authority, credential);

    /// <summary>A new one, or one that was read with a new content; whatever else others wrote into that stays.</summary>
    public static JsonObject Make(JsonObject? known, string name, string authority, RegistryCredential credential)
    {
        var secret = known?.DeepClone().AsObject() ?? new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Secret", ["type"] = Type,
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [Label] = Owner } },
        };
        secret["data"] = new JsonObject { [Key] = Content(authority, credential) };
        return secret;
    }

    private static string Content(string authority, RegistryCredential credential)
    {
        var (user, password) = (credential.Username, credential.Password.Reveal());
        var entry = new JsonObject
        {
            ["username"] = user, ["password"] = password, ["auth"] = Base64($"{user}:{password}"),
        };
        return Base64(new JsonObject { ["auths"] = new JsonObject { [authority] = entry } }.ToJsonString());
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
