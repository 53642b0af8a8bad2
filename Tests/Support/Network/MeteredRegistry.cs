using System.Text;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>
/// A stand-in for what Docker Hub does to accounts: manifest GETs count against a limit for each user, HEAD and blobs do not, the headers
/// tell, and beyond the limit there is 429.
/// </summary>
internal sealed class MeteredRegistry : IAsyncDisposable
{

    private readonly Dictionary<string, int> _used = [];
    private readonly Lock _gate = new();
    private RecordingUpstream _server = null!;

    /// <summary>Counted requests of a user in a window.</summary>
    public int Limit { get; set; } = 100;

    /// <summary>Seconds; as the headers say it.</summary>
    public int Window { get; set; } = 21600;

    /// <summary>What a 429 says; nothing when <c>null</c>.</summary>
    public string? RetryAfter { get; set; }

    /// <summary>What every tag is.</summary>
    public string Manifest { get; set; } = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}""";

    /// <summary>The status of every answer about a manifest; 0 while all is well.</summary>
    public int Failure { get; set; }

    /// <summary>Refusals so far.</summary>
    public int Refusals { get; private set; }

    public string Url => _server.Url;

    public int Manifests => _server.Requests.Count(request => request.Method == "GET" && request.Target.Contains("/manifests/"));

    public int Heads => _server.Requests.Count(request => request.Method == "HEAD" && request.Target.Contains("/manifests/"));

    public int UsedBy(string user)
    {
        lock (_gate)
        {
            return _used.GetValueOrDefault(user);
        }
    }

    /// <summary>A new window begins.</summary>
    public void Renew()
    {
        lock (_gate)
        {
            _used.Clear();
        }
    }

    public static async Task<MeteredRegistry> Start()
    {
        var registry = new MeteredRegistry();
        registry._server = await RecordingUpstream.Start(registry.Serve);
        return registry;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task Serve(HttpContext context)
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        if (!authorization.StartsWith("Basic ", StringComparison.Ordinal))
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"metered\"";
            return Task.CompletedTask;
        }

        var user = Encoding.UTF8.GetString(Convert.FromBase64String(authorization[6..])).Split(':')[0];
        var isManifest = context.Request.Path.Value!.Contains("/manifests/");
        if (isManifest && Failure != 0)
        {
            context.Response.StatusCode = Failure;
            return Task.CompletedTask;
        }

        int remaining;
        lock (_gate)
        {
            remaining = Limit - _used.GetValueOrDefault(user);
            if (isManifest && context.Request.Method == "GET")
            {
                if (remaining <= 0)
                {
                    Refusals++;
                    context.Response.StatusCode = 429;
                }
                else
                {
                    _used[user] = _used.GetValueOrDefault(user) + 1;
                    remaining--;
                }
            }
        }

        if (isManifest)
        {
            context.Response.Headers["ratelimit-limit"] = $"{Limit};w={Window}";
            context.Response.Headers["ratelimit-remaining"] = $"{remaining};w={Window}";
        }

        if (context.Response.StatusCode == 429)
        {
            if (RetryAfter is { } wait)
            {
                context.Response.Headers.RetryAfter = wait;
            }

            return Task.CompletedTask;
        }

        context.Response.Headers["Docker-Content-Digest"] = new TestBlob(Encoding.UTF8.GetBytes(Manifest)).Digest.Value;
        context.Response.ContentType = "application/vnd.oci.image.manifest.v1+json";
        context.Response.ContentLength = Manifest.Length;
        return context.Request.Method == "HEAD" ? Task.CompletedTask : context.Response.WriteAsync(Manifest);
    }
}
