using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>Leases with versions, as an API server has them; every answer is there at once.</summary>
internal sealed class FakeLeases(TimeProvider time) : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, JsonObject> _known = new(StringComparer.Ordinal);

    /// <summary>When each question came.</summary>
    public List<DateTimeOffset> Asked { get; } = [];

    public int PageSize { get; set; } = int.MaxValue;

    /// <summary>What is answered instead of nothing; <c>null</c> for no answer.</summary>
    public HttpStatusCode? Busy { get; set; }

    public string? Quicker { get; set; }

    public bool Forbidden { get; set; }

    public int Nodes { get; set; }

    /// <summary>So many requests are not answered.</summary>
    public int Away { get; set; }

    public string? Holder(string name) => _known[name]["spec"]!["holderIdentity"]!.GetValue<string>();

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Nodes are many, and go on side by side when time passes.
        lock (_gate)
        {
            return Answered(request, cancellationToken);
        }
    }

    private Task<HttpResponseMessage> Answered(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Assert.Equal("Bearer token", request.Headers.Authorization!.ToString());
        Asked.Add(time.GetUtcNow());
        if (Away-- > 0)
        {
            return Busy is { } busy ? Task.FromResult(new HttpResponseMessage(busy)) : throw new HttpRequestException("connection refused");
        }

        var path = request.RequestUri!.AbsolutePath;
        if (path == "/apis/apps/v1/namespaces/space/daemonsets/door")
        {
            return Task.FromResult(Json(new JsonObject { ["status"] = new JsonObject { ["desiredNumberScheduled"] = Nodes } }));
        }

        Assert.StartsWith("/apis/coordination.k8s.io/v1/namespaces/space/leases", path);
        if (request.RequestUri.Query.StartsWith("?limit=", StringComparison.Ordinal))
        {
            return Task.FromResult(Forbidden ? new HttpResponseMessage(HttpStatusCode.Forbidden) : Page(request.RequestUri.Query));
        }

        var body = request.Content is null ? null
            : JsonNode.Parse(request.Content.ReadAsStringAsync(cancellationToken).GetAwaiter().GetResult())!.AsObject();
        var name = body?["metadata"]!["name"]!.GetValue<string>() ?? path[(path.LastIndexOf('/') + 1)..];
        return Task.FromResult(Forbidden ? new HttpResponseMessage(HttpStatusCode.Forbidden) : Answer(request.Method, name, body));
    }

    /// <summary>A lease of somebody's.</summary>
    public void Put(string name, string holder) => _known[name] = new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["resourceVersion"] = "1" },
        ["spec"] = new JsonObject { ["holderIdentity"] = holder, ["renewTime"] = "" },
    };

    private HttpResponseMessage Page(string query)
    {
        var start = query.Split("&continue=") is [_, var token] ? int.Parse(token) : 0;
        var items = _known.Values.Skip(start).Take(PageSize).Select(lease => lease.DeepClone()).ToArray();
        return Json(new JsonObject
        {
            ["items"] = new JsonArray(items),
            ["metadata"] = new JsonObject { ["continue"] = start + items.Length < _known.Count ? $"{start + items.Length}" : "" },
        });
    }

    private HttpResponseMessage Answer(HttpMethod method, string name, JsonObject? body)
    {
        var known = _known.GetValueOrDefault(name);
        if (method == HttpMethod.Get)
        {
            return known is null ? new HttpResponseMessage(HttpStatusCode.NotFound) : Json(known);
        }

        if (Quicker is { } other)
        {
            Quicker = null;
            Answer(HttpMethod.Post, name, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = new JsonObject
                {
                    ["holderIdentity"] = other, ["renewTime"] = body!["spec"]!["renewTime"]!.GetValue<string>()
                },
            });
            known = _known[name];
        }

        var version = known?["metadata"]!["resourceVersion"]!.GetValue<string>();
        if (method == HttpMethod.Post ? known is not null : version != body!["metadata"]!["resourceVersion"]?.GetValue<string>())
        {
            return new HttpResponseMessage(HttpStatusCode.Conflict);
        }

        body!["metadata"]!["resourceVersion"] = $"{int.Parse(version ?? "0") + 1}";
        _known[name] = body;
        return Json(body);
    }

    private static HttpResponseMessage Json(JsonObject lease) =>
        new(HttpStatusCode.OK) { Content = new StringContent(lease.ToJsonString(), Encoding.UTF8, "application/json") };
}
