using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RegistryProxy.Benchmarks.Cluster;

/// <summary>
/// An upstream whose every repository wants a token of its own scope (distribution, spec/auth/token.md) and has the same manifest.
/// </summary>
internal sealed class BearerUpstream : IAsyncDisposable
{
    private const string MediaType = "application/vnd.oci.image.manifest.v1+json";

    private readonly WebApplication _app;
    private readonly byte[] _manifest =
        Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{MediaType}}","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}""");

    private BearerUpstream(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    public static async Task<BearerUpstream> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var upstream = new BearerUpstream(builder.Build());
        upstream._app.MapGet("/token", (string scope) => Results.Json(new { token = TokenOf(scope), expires_in = 3600 }));
        upstream._app.MapGet("/v2/{**path}", upstream.Serve);
        await upstream._app.StartAsync();
        upstream.Url = upstream._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return upstream;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static string TokenOf(string scope) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(scope));

    private async Task Serve(HttpContext context, string? path)
    {
        var repository = path is not null && path.IndexOf("/manifests/", StringComparison.Ordinal) is var end and > 0 ? path[..end] : "";
        var scope = $"repository:{repository}:pull";
        if (context.Request.Headers.Authorization != $"Bearer {TokenOf(scope)}")
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"{Url}/token\",service=\"bench\""
                + (repository.Length > 0 ? $",scope=\"{scope}\"" : "");
            return;
        }

        context.Response.ContentType = MediaType;
        context.Response.ContentLength = _manifest.Length;
        context.Response.Headers["Docker-Content-Digest"] = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(_manifest))}";
        await context.Response.Body.WriteAsync(_manifest, context.RequestAborted);
    }
}
