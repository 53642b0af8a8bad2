using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>
/// Stands in for a Kubernetes API server that knows one kind of resource: bearer token, schema, resource versions, JSON patches that are
/// applied whole or not at all, conflicts at the wrong moment, and outages.
/// </summary>
internal sealed class KubernetesApi : IAsyncDisposable
{
    public const string Token = "kubernetes-canary-token";

    private const string Resources = "/apis/registryproxy.dev/v1alpha1/namespaces/{ns}/orleansclusters";

    private static readonly string[] SpecFields = ["serviceId", "clusterId", "version", "members", "heartbeats"];

    private readonly WebApplication _app;
    private readonly Dictionary<string, JsonObject> _store = [];
    private readonly Lock _gate = new();
    private long _version = 100;
    private int _patches;
    private int _podLists;

    private KubernetesApi(WebApplication app) => _app = app;

    public Uri Url { get; private set; } = null!;

    /// <summary>While set, every request is answered 503.</summary>
    public bool IsAway { get; set; }

    /// <summary>Every so many patches one is answered 409, as under load; 0 for never.</summary>
    public int ConflictEvery { get; set; }

    /// <summary>How many rows of all resources have a status.</summary>
    public int RowsThatAre(SiloStatus status)
    {
        lock (_gate)
        {
            return _store.Values.SelectMany(resource => (JsonObject)resource["spec"]!["members"]!)
                .Count(row => row.Value!["status"]!.ToString() == status.ToString());
        }
    }

    /// <summary>
    /// The addresses of the silos' pods, several of one with blanks between them; <c>null</c> when who asks may not list pods.
    /// </summary>
    public IReadOnlyList<string>? Pods { get; set; }

    /// <summary>The addresses of pods of something else.</summary>
    public IReadOnlyList<string> OtherPods { get; set; } = [];

    /// <summary>The labels that pods were asked for by.</summary>
    public string? PodSelector { get; private set; }

    /// <summary>Whether every page of pods says that there is another one.</summary>
    public bool PodsGoOn { get; set; }

    /// <summary>Whether pages of pods do not say how long they are.</summary>
    public bool IsChunked { get; set; }

    /// <summary>Blanks before each page of pods.</summary>
    public int Padding { get; set; }

    /// <summary>Whether answers never end, a byte at a time.</summary>
    public bool Trickles { get; set; }

    /// <summary>The most pods that one answer had.</summary>
    public int LargestPage { get; private set; }

    /// <summary>How often they were asked for.</summary>
    public int PodLists => Volatile.Read(ref _podLists);

    public static async Task<KubernetesApi> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var api = new KubernetesApi(builder.Build());
        api._app.Use(api.Guard);
        api._app.MapGet(Resources + "/{name}", (string ns, string name) => api.With(ns, name, resource => Json(resource)));
        api._app.MapPost(Resources, api.Create);
        api._app.MapMethods(Resources + "/{name}", ["PATCH"], api.Patch);
        api._app.MapDelete(Resources + "/{name}", (string ns, string name) => api.With(ns, name, resource =>
        {
            api._store.Remove($"{ns}/{name}");
            return Json(resource);
        }));
        api._app.MapGet("/api/v1/namespaces/{ns}/pods",
            (int? limit, HttpContext context) => api.Page(
                limit ?? int.MaxValue, context.Request.Query["continue"], context.Request.Query["labelSelector"]));
        await api._app.StartAsync();
        api.Url = new Uri(api._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return api;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult Page(int limit, string? next, string? selector)
    {
        Interlocked.Increment(ref _podLists);
        if (Pods is not { } silos)
        {
            return Failure(403, "Forbidden");
        }

        PodSelector = selector;
        var pods = silos.Select(ip => (Ips: ip, Part: "silo"))
            .Concat(string.IsNullOrEmpty(selector) ? OtherPods.Select(ip => (Ips: ip, Part: "other")) : []).ToList();

        // A listing goes on with the labels that it began with, or not at all.
        var (from, began) = next?.Split(' ', 2) is [var place, var labels]
            ? (int.Parse(place, System.Globalization.CultureInfo.InvariantCulture), labels) : (0, selector ?? "");
        if (began != (selector ?? ""))
        {
            return Failure(410, "Expired");
        }

        var page = pods.Skip(from).Take(limit).ToList();
        LargestPage = Math.Max(LargestPage, page.Count);
        var text = new string(' ', Padding) + System.Text.Json.JsonSerializer.Serialize(new
        {
            kind = "PodList", apiVersion = "v1", metadata = new Dictionary<string, string>
            {
                ["resourceVersion"] = "1",
                ["continue"] = from + page.Count < pods.Count || PodsGoOn ? $"{from + page.Count} {selector}" : ""
            },
            items = page.Select(pod => new
            {
                metadata = new { name = pod.Ips, labels = LabelsOf(pod.Part) },
                status = new { podIP = pod.Ips.Split(' ')[0], podIPs = pod.Ips.Split(' ').Select(ip => new { ip }) },
            }),
        });
        return IsChunked
            ? Results.Stream(stream => stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text)).AsTask(), "application/json")
            : Results.Text(text, "application/json");
    }

    private static Dictionary<string, string> LabelsOf(string part) => new()
    {
        ["app.kubernetes.io/name"] = "registryproxy", ["app.kubernetes.io/component"] = part, ["pod-template-hash"] = "5d4f"
    };

    private async Task Guard(HttpContext context, RequestDelegate next)
    {
        if (IsAway)
        {
            await Failure(503, "ServiceUnavailable").ExecuteAsync(context);
        }
        else if (context.Request.Headers.Authorization != $"Bearer {Token}")
        {
            await Failure(401, "Unauthorized").ExecuteAsync(context);
        }
        else
        {
            await (Trickles ? Trickle(context) : next(context));
        }
    }

    private static async Task Trickle(HttpContext context)
    {
        while (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync(" "u8.ToArray(), context.RequestAborted);
            await Task.Delay(10, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<IResult> Create(string ns, HttpRequest request)
    {
        var resource = (JsonObject)(await JsonNode.ParseAsync(request.Body))!;
        if ((string?)resource["apiVersion"] != "registryproxy.dev/v1alpha1" || (string?)resource["kind"] != "OrleansCluster"
            || !IsValid(resource))
        {
            return Failure(422, "Invalid");
        }

        lock (_gate)
        {
            var key = $"{ns}/{resource["metadata"]!["name"]}";
            return _store.ContainsKey(key) ? Failure(409, "AlreadyExists") : Json(Keep(key, resource), 201);
        }
    }

    private async Task<IResult> Patch(string ns, string name, HttpRequest request)
    {
        if (request.ContentType?.StartsWith("application/json-patch+json", StringComparison.Ordinal) != true)
        {
            return Failure(415, "UnsupportedMediaType");
        }

        var operations = (JsonArray)(await JsonNode.ParseAsync(request.Body))!;
        return With(ns, name, resource =>
        {
            if (ConflictEvery > 0 && ++_patches % ConflictEvery == 0)
            {
                return Failure(409, "Conflict");
            }

            var next = (JsonObject)resource.DeepClone();
            return operations.All(operation => Apply(next, (JsonObject)operation!)) && IsValid(next)
                ? Json(Keep($"{ns}/{name}", next))
                : Failure(422, "Invalid");
        });
    }

    /// <summary>RFC 6902 §4 for objects.</summary>
    private static bool Apply(JsonObject resource, JsonObject operation)
    {
        var path = ((string)operation["path"]!).Split('/')[1..];
        JsonNode? node = resource;
        foreach (var part in path[..^1])
        {
            node = (node as JsonObject)?[part];
        }

        if (node is not JsonObject parent || ((string)operation["op"]! != "add" && !parent.ContainsKey(path[^1])))
        {
            return false;
        }

        switch ((string)operation["op"]!)
        {
            case "test":
                return JsonNode.DeepEquals(parent[path[^1]], operation["value"]);
            case "remove":
                return parent.Remove(path[^1]);
            default:
                parent[path[^1]] = operation["value"]!.DeepClone();
                return true;
        }
    }

    /// <summary>What the schema of the resource demands.</summary>
    private static bool IsValid(JsonObject resource) =>
        resource["spec"] is JsonObject spec && spec.All(field => SpecFields.Contains(field.Key))
        && spec["version"]?.GetValueKind() == System.Text.Json.JsonValueKind.Number
        && spec["members"] is JsonObject members
        && members.All(row => row.Value is JsonObject value && value["status"] is not null && value["startTime"] is not null)
        && spec["heartbeats"] is JsonObject;

    private JsonObject Keep(string key, JsonObject resource)
    {
        resource["metadata"]!["resourceVersion"] = (++_version).ToString();
        return _store[key] = resource;
    }

    private IResult With(string ns, string name, Func<JsonObject, IResult> work)
    {
        lock (_gate)
        {
            return _store.TryGetValue($"{ns}/{name}", out var resource) ? work(resource) : Failure(404, "NotFound");
        }
    }

    private static IResult Json(JsonObject resource, int status = 200) =>
        Results.Text(resource.ToJsonString(), "application/json", statusCode: status);

    private static IResult Failure(int code, string reason) =>
        Results.Json(new { kind = "Status", apiVersion = "v1", status = "Failure", reason, code, message = reason }, statusCode: code);
}
