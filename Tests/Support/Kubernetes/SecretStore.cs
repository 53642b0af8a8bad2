using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace RegistryProxy.Tests.Support.Kubernetes;

/// <summary>
/// Stands in for an API server that knows Secrets and tokens of service accounts: bearer token, schema, resource versions, types that
/// cannot be changed, conflicts, refusals and outages.
/// </summary>
internal sealed class SecretStore(Func<string, string, string> sign) : HttpMessageHandler
{
    public const string Token = "kubernetes-canary-token";

    private readonly Dictionary<string, JsonObject> _secrets = [];
    private long _version = 100;

    /// <summary>So many of the next writes are answered 409.</summary>
    public int Conflicts { get; set; }

    /// <summary>What every request is answered with; <c>null</c> for what is so.</summary>
    public HttpStatusCode? Fails { get; set; }

    /// <summary>What somebody else does between a reading and the writing that follows on it.</summary>
    public Action? Meanwhile { get; set; }

    public int Requests { get; private set; }

    public int Writes { get; private set; }

    public int Tokens { get; private set; }

    /// <summary>A Secret that somebody else wrote.</summary>
    public void Put(string path, JsonObject secret) => _secrets[path] = Versioned(secret);

    public JsonObject? Get(string path) => _secrets.GetValueOrDefault(path);

    public void Delete(string path) => _secrets.Remove(path);

    /// <summary>The document of a Secret, as kubelet reads it.</summary>
    public JsonNode ConfigOf(string path) => JsonNode.Parse(
        Encoding.UTF8.GetString(Convert.FromBase64String(_secrets[path]["data"]![".dockerconfigjson"]!.GetValue<string>())))!;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        Requests++;
        if (request.RequestUri!.AbsolutePath.Contains("/secrets", StringComparison.Ordinal) && request.Method != HttpMethod.Get)
        {
            Meanwhile?.Invoke();
            Meanwhile = null;
        }

        var body = request.Content is null ? null : JsonNode.Parse(await request.Content.ReadAsStringAsync(cancellation))!.AsObject();
        var (status, answer) = Fails is { } failure ? (failure, null)
            : request.Headers.Authorization?.ToString() != $"Bearer {Token}" ? (HttpStatusCode.Unauthorized, null)
            : Answer(request.Method.Method, request.RequestUri!.AbsolutePath.Split('/'), body);
        return new HttpResponseMessage(status)
        {
            Content = new StringContent((answer ?? new JsonObject
            {
                ["kind"] = "Status", ["code"] = (int)status, ["status"] = "Failure", ["reason"] = $"{status}",
            }).ToJsonString()),
        };
    }

    private (HttpStatusCode, JsonObject?) Answer(string method, string[] path, JsonObject? body) => (method, path) switch
    {
        ("GET", ["", "api", "v1", "namespaces", var space, "secrets", var name]) =>
            _secrets.TryGetValue($"{space}/{name}", out var known) ? (HttpStatusCode.OK, known) : (HttpStatusCode.NotFound, null),
        ("POST", ["", "api", "v1", "namespaces", var space, "secrets"]) => Write($"{space}/{body!["metadata"]!["name"]}", body, null),
        ("PUT", ["", "api", "v1", "namespaces", var space, "secrets", var name]) =>
            _secrets.TryGetValue($"{space}/{name}", out var known) && (string?)body!["metadata"]!["name"] == name
                ? Write($"{space}/{name}", body, known) : (HttpStatusCode.NotFound, null),
        ("POST", ["", "api", "v1", "namespaces", var space, "serviceaccounts", var account, "token"])
            when (string?)body!["kind"] == "TokenRequest" && body["spec"]!["audiences"]!.AsArray().Count == 1 =>
            (HttpStatusCode.Created, Issue(space, account)),
        _ => (HttpStatusCode.BadRequest, null),
    };

    private JsonObject Issue(string space, string account)
    {
        Tokens++;
        return new JsonObject { ["status"] = new JsonObject { ["token"] = sign(space, account) } };
    }

    private (HttpStatusCode, JsonObject?) Write(string path, JsonObject secret, JsonObject? before)
    {
        if (Conflicts > 0)
        {
            Conflicts--;
            return (HttpStatusCode.Conflict, null);
        }

        var isValid = (string?)secret["apiVersion"] == "v1" && (string?)secret["kind"] == "Secret"
            && (string?)secret["type"] == "kubernetes.io/dockerconfigjson"
            && (before is null || (string?)before["type"] == (string?)secret["type"])
            && before?["immutable"]?.GetValue<bool>() != true
            && JsonNode.Parse(Convert.FromBase64String((string?)secret["data"]?[".dockerconfigjson"] ?? "")) is JsonObject;
        if (!isValid)
        {
            return (HttpStatusCode.UnprocessableEntity, null);
        }

        if (before is null ? _secrets.ContainsKey(path)
            : (string?)before["metadata"]!["resourceVersion"] != (string?)secret["metadata"]!["resourceVersion"])
        {
            return (HttpStatusCode.Conflict, null);
        }

        Writes++;
        return (before is null ? HttpStatusCode.Created : HttpStatusCode.OK, _secrets[path] = Versioned(secret));
    }

    private JsonObject Versioned(JsonObject secret)
    {
        var kept = secret.DeepClone().AsObject();
        kept["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
        return kept;
    }
}
