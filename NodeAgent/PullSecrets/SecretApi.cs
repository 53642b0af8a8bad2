using System.Net;
using System.Text.Json.Nodes;
using RegistryProxy.NodeAgent.ApiServer;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.PullSecrets;

/// <summary>The Secrets and service accounts of a namespace at the API server.</summary>
internal sealed class SecretApi(KubernetesApi api, string space)
{
    /// <summary>The longest of its reasons that is passed on, in characters.</summary>
    private const int MaxReason = 64;

    /// <summary>What the API server gives a token at least, in seconds.</summary>
    private const int TokenSeconds = 3600;

    /// <summary>A Secret; <c>null</c> when there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public async Task<JsonObject?> Read(string name, CancellationToken cancellation)
    {
        var (status, answer) = await api.Call(HttpMethod.Get, $"/api/v1/namespaces/{space}/secrets/{name}", null, cancellation);
        return status switch
        {
            HttpStatusCode.OK => answer ?? throw new IOException($"the API server does not say what is in the Secret {space}/{name}"),
            HttpStatusCode.NotFound => null,
            _ => throw Refused(status, answer, $"the Secret {space}/{name}", "read", "get secrets"),
        };
    }

    /// <summary>Writes a Secret, a new one or the version that was read; <c>false</c> when somebody else was quicker.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task<bool> Write(string name, JsonObject secret, bool isNew, CancellationToken cancellation)
    {
        var path = $"/api/v1/namespaces/{space}/secrets{(isNew ? "" : $"/{name}")}";
        var (status, answer) = await api.Call(isNew ? HttpMethod.Post : HttpMethod.Put, path, secret, cancellation);
        return status switch
        {
            HttpStatusCode.OK or HttpStatusCode.Created => true,
            HttpStatusCode.Conflict => false,
            HttpStatusCode.NotFound when !isNew => false,
            _ => throw Refused(status, answer, $"the Secret {space}/{name}", "written", isNew ? "create secrets" : "update secrets"),
        };
    }

    /// <summary>A token of a service account for an audience (authentication.k8s.io/v1, TokenRequest).</summary>
    /// <exception cref="IOException">It cannot be had.</exception>
    public async Task<Secret> Token(string account, string audience, CancellationToken cancellation)
    {
        var request = new JsonObject
        {
            ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest",
            ["spec"] = new JsonObject { ["audiences"] = new JsonArray(audience), ["expirationSeconds"] = TokenSeconds },
        };
        var (status, answer) = await api.Call(
            HttpMethod.Post, $"/api/v1/namespaces/{space}/serviceaccounts/{account}/token", request, cancellation);
        return status is HttpStatusCode.OK or HttpStatusCode.Created && answer?["status"]?["token"] is JsonValue value
            && value.TryGetValue<string>(out var token) && token.Length > 0
            ? new Secret(token)
            : throw Refused(status, answer, $"a token of the service account {space}/{account}", "had", "create serviceaccounts/token");
    }

    private IOException Refused(HttpStatusCode status, JsonObject? answer, string what, string done, string verb) => new(
        $"{what} cannot be {done}: the API server {HttpOrigin.Of(api.Server).Authority} says {(int)status} {status}{Reason(answer)}" +
        $"{(status == HttpStatusCode.Forbidden ? $"; its role needs '{verb}' there, see deploy/nodeagent/pull-secrets" : "")}");

    /// <summary>
    /// Why, such as <c>NamespaceTerminating</c> (meta/v1, Status): the words that are for programs, since a message may hold what was sent.
    /// </summary>
    private static string Reason(JsonObject? answer)
    {
        var causes = (answer?["details"] as JsonObject)?["causes"] as JsonArray ?? [];
        var reason = causes.OfType<JsonObject>().Prepend(answer).Select(one => one?["reason"]).OfType<JsonValue>()
            .Select(value => value.TryGetValue<string>(out var text) ? text : "")
            .LastOrDefault(text => text.Length is > 0 and <= MaxReason && text.All(char.IsAsciiLetter));
        return reason is null ? "" : $" ({reason})";
    }
}
