using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>
/// Two upstreams of somebody who means harm, or of nobody in particular: one lists its repositories, one has no catalog. Whatever text they
/// may choose is the one that they were given.
/// </summary>
internal sealed class SeededRegistry : IAsyncDisposable
{
    private const string Image = "application/vnd.oci.image.manifest.v1+json";
    private const string Index = "application/vnd.oci.image.index.v1+json";

    private static readonly byte[] Page = Encoding.UTF8.GetBytes(
        "<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>quiet</title></head><body><h1>pushed</h1>" +
        "<script>window.hurt = 1; document.title = 'ran'</script><img src=\"x\" onerror=\"document.title='ran'\"/></body></html>");

    private readonly Dictionary<string, (string Type, byte[] Body)> _contents = [];
    private readonly string _odd;
    private readonly string _index;
    private RecordingUpstream _server = null!;
    private RecordingUpstream _silent = null!;

    private SeededRegistry(string odd)
    {
        _odd = odd;
        var amd = Add(Image, Manifest(Add("text/plain", new { os = "linux", architecture = "amd64" }), 31_204_551));
        var arm = Add(Image, Manifest(Add("text/plain", new { os = "linux", architecture = odd }), 29_812_004));
        var proof = Add(Image, Manifest(Add("text/plain", new { }), 4096));
        _index = Add(Index, new
        {
            schemaVersion = 2, mediaType = Index, artifactType = odd,
            manifests = new object[]
            {
                Child(amd, new { os = "linux", architecture = "amd64" }, null),
                Child(arm, new { os = "linux", architecture = odd, variant = "v8" }, null),
                Child(proof, new { os = "unknown", architecture = "unknown" }, "attestation-manifest"),
                new { mediaType = Image, digest = odd, size = 5 },
            },
        });
        Html = Add("text/html", Page);
        Xhtml = Add("application/xhtml+xml", (byte[])[.. Page, (byte)'\n']);
    }

    public string Url => _server.Url;

    /// <summary>The one without a catalog.</summary>
    public string SilentUrl => _silent.Url;

    /// <summary>What it counts as a pull: every manifest that was read.</summary>
    public int Pulls => _server.Requests.Count(request => request.Method == "GET" && request.Target.Contains("/manifests/"));

    /// <summary>The digest of a blob that is a page with a script, which its upstream calls one.</summary>
    public string Html { get; }

    /// <summary>The digest of a manifest that is one.</summary>
    public string Xhtml { get; }

    /// <summary>Starts it.</summary>
    public static async Task<SeededRegistry> Start(string odd)
    {
        var registry = new SeededRegistry(odd);
        registry._server = await RecordingUpstream.Start(registry.Answer);
        registry._silent = await RecordingUpstream.Start(
            context => context.Request.Path == "/v2/_catalog" ? Missing(context) : registry.Answer(context));
        return registry;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _silent.DisposeAsync();
    }

    private static object Child(string digest, object platform, string? type) => new
    {
        mediaType = Image, digest, size = 1200, platform,
        annotations = type is null ? null : new Dictionary<string, string> { ["vnd.docker.reference.type"] = type },
    };

    private object Manifest(string config, long size) => new
    {
        schemaVersion = 2, mediaType = Image,
        config = new { mediaType = "application/vnd.oci.image.config.v1+json", digest = config, size = 200 },
        layers = new object[] { new { mediaType = _odd, digest = config, size }, new { mediaType = _odd, digest = config, size = 1000 } },
        annotations = new Dictionary<string, string> { ["org.opencontainers.image.title"] = _odd },
    };

    private string Add(string type, object body) => Add(type, JsonSerializer.SerializeToUtf8Bytes(body));

    private string Add(string type, byte[] body)
    {
        var digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(body))}";
        _contents[digest] = (type, body);
        return digest;
    }

    private Task Answer(HttpContext context)
    {
        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["v2"] => Json(context, new { }),
            ["v2", "_catalog"] => Json(context, new { repositories = Names() }),
            [.., "tags", "list"] => Json(context, new
            {
                name = _odd,
                tags = new[] { "v1.4.2", "v1.4.1", "latest", "page", "html", "strange", _odd, $"{_index.Replace(':', '-')}.sig" },
            }),
            [.., "referrers", _] => Json(context, Referrers(), Index),
            [.., "manifests", "page"] => Send(context, "application/xhtml+xml", Page),
            [.., "manifests", "html"] => Send(context, "text/html", Page),
            [.., "manifests", "strange"] => Send(context, Image, Strange()),
            [.., "manifests" or "blobs", var reference] => Content(context, reference.Contains(':') ? reference : _index),
            _ => Missing(context),
        };
    }

    /// <summary>A manifest whose every field is of another kind than it should be.</summary>
    private byte[] Strange() => Encoding.UTF8.GetBytes(
        $$"""
        {"schemaVersion":2,"mediaType":{"constructor":null,"type":"img"},"config":[],"layers":"{{_odd}}","manifests":null}
        """);

    private IEnumerable<string> Names() =>
        [_odd, "team/app", "team/web", "platform/ingress", "data/warehouse", .. Enumerable.Range(0, 60).Select(i => $"zoo/animal-{i:00}")];

    private object Referrers() => new
    {
        schemaVersion = 2, mediaType = Index,
        manifests = new[]
        {
            new { mediaType = Image, digest = Html, size = 711, artifactType = "application/vnd.dev.sigstore.bundle.v0.3+json" },
            new { mediaType = Image, digest = _index, size = 48_211, artifactType = "application/spdx+json" },
            new { mediaType = _odd, digest = _odd, size = 12, artifactType = _odd },
        },
    };

    private Task Content(HttpContext context, string digest)
    {
        if (!_contents.TryGetValue(digest, out var content))
        {
            return Missing(context);
        }

        context.Response.Headers["Docker-Content-Digest"] = digest;
        return Send(context, content.Type, content.Body);
    }

    private static Task Json(HttpContext context, object body, string type = "application/json") =>
        Send(context, type, JsonSerializer.SerializeToUtf8Bytes(body));

    private static async Task Send(HttpContext context, string type, byte[] body)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        context.Response.Headers.SetCookie = "__Host-registryproxy=theirs; Secure; Path=/";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body);
        }
    }

    private static Task Missing(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
