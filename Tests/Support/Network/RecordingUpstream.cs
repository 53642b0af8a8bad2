using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.Tests.Support.Network;

/// <summary>A server of the test's own: remembers every request and answers as the test says. For what no real registry does.</summary>
internal sealed class RecordingUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RecordingUpstream(WebApplication app) => _app = app;

    public ConcurrentQueue<RecordedRequest> Requests { get; } = new();

    public string Url => _app.Urls.Single();

    /// <summary>Blanks behind every answer, as many as the other takes of them.</summary>
    public int Padding { get; set; }

    /// <summary>Starts it, on a port of its own unless the test says which.</summary>
    public static async Task<RecordingUpstream> Start(Func<HttpContext, Task> answer, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}").ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        var app = builder.Build();
        var upstream = new RecordingUpstream(app);
        app.Run(async context =>
        {
            upstream.Requests.Enqueue(new RecordedRequest(
                context.Request.Method,
                context.Features.Get<IHttpRequestFeature>()!.RawTarget,
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString())));
            await answer(context);
            await upstream.Pad(context);
        });
        await app.StartAsync();
        return upstream;
    }

    private async Task Pad(HttpContext context)
    {
        var blanks = Enumerable.Repeat((byte)' ', 16 * 1024).ToArray();
        for (var left = Padding; left > 0; left -= blanks.Length)
        {
            await context.Response.Body.WriteAsync(blanks.AsMemory(0, Math.Min(left, blanks.Length)), context.RequestAborted);
        }
    }

    /// <summary>An upstream that says yes to everything; for tests that prove what never reaches it.</summary>
    public static Task<RecordingUpstream> Agreeable() => Start(context =>
    {
        var path = context.Request.Path.Value!;
        context.Response.StatusCode = (context.Request.Method, path.Contains("/blobs/uploads")) switch
        {
            ("POST", _) => 202,
            ("PATCH", _) => 202,
            ("PUT", _) => 201,
            ("DELETE", true) => 204,
            ("DELETE", false) => 202,
            ("GET", true) => 204,
            _ => 200,
        };
        if (path.Contains("/blobs/uploads"))
        {
            context.Response.Headers.Location = $"{path.TrimEnd('/')}/upload-1?_state=x";
            context.Response.Headers.Range = "0-0";
        }

        if (context.Request.Method == "HEAD" && path.Contains("/manifests/"))
        {
            context.Response.Headers["Docker-Content-Digest"] = "sha256:c5b49b1805d5b258eba8f60c88c535eb38b591a258d3c1bddb5c4db76ec0003c";
        }

        if (context.Response.StatusCode != 200 || context.Request.Method == "HEAD")
        {
            return Task.CompletedTask;
        }

        context.Response.ContentType = path.Contains("/manifests/") ? "application/vnd.oci.image.manifest.v1+json" : "application/json";
        return context.Response.WriteAsync(
            path.EndsWith("/tags/list") ? """{"tags":["a"]}"""
                : path.Contains("/referrers/") ? """{"schemaVersion":2,"manifests":[]}"""
                : path.EndsWith("/_catalog") ? """{"repositories":["public/a","team-a/a","secret/a"]}""" : "{}");
    });

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}

/// <summary>One request as it arrived.</summary>
internal sealed record RecordedRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers);
