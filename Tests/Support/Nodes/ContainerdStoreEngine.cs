using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.IdentityModel.Tokens;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>
/// A Docker Engine with the containerd image store, as far as pulls go: the identifier is the digest of the manifest; a credential goes only to
/// the host that its <c>serveraddress</c> names; a header that is not base64url JSON counts as none; once the stream has begun, errors come in it.
/// </summary>
internal sealed partial class ContainerdStoreEngine : IAsyncDisposable
{
    public const string ManifestDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

    private UnixServer _server = null!;
    private string? _name;

    public string Socket => _server.Socket;

    /// <summary>The user name of the last pull whose credential was for its registry.</summary>
    public string? User { get; private set; }

    /// <summary>What every pull says inside its stream, instead of succeeding.</summary>
    public string? ErrorInStream { get; set; }

    public static async Task<ContainerdStoreEngine> Start()
    {
        var engine = new ContainerdStoreEngine();
        engine._server = await UnixServer.Start(HttpProtocols.Http1, engine.Serve);
        return engine;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private Task Serve(HttpContext context)
    {
        var path = Version().Replace(context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0], "");
        return (context.Request.Method, path) switch
        {
            ("POST", "/images/create") => Create(context),
            ("GET", "/images/json") => Json(context, _name is null ? [] : new[] { new { Id = ManifestDigest, RepoTags = new[] { _name }, RepoDigests = new[] { Digest }, Size = 1000, SharedSize = 0 } }),
            ("GET", _) when _name is not null && (path == $"/images/{_name}/json" || path == $"/images/{ManifestDigest}/json") =>
                Json(context, new { Id = ManifestDigest, RepoTags = new[] { _name }, RepoDigests = new[] { Digest }, Size = 1000, Config = new { User = "" } }),
            _ => Fail(context, 404, "No such image"),
        };
    }

    private string Digest => $"{_name![.._name!.LastIndexOf(':')]}@{ManifestDigest}";

    private async Task Create(HttpContext context)
    {
        var (image, tag) = (context.Request.Query["fromImage"].ToString(), context.Request.Query["tag"].ToString());
        if (tag.Length == 0)
        {
            await Fail(context, 400, "this would pull all tags");
            return;
        }

        User = UserFor(image.Split('/')[0], context.Request.Headers["X-Registry-Auth"].ToString());
        await context.Response.WriteAsync("""{"status":"Pulling from somewhere","id":"x"}""" + "\n");
        await context.Response.Body.FlushAsync();
        var error = ErrorInStream ?? (User is null ? $"pull access denied for {image}, repository does not exist or may require 'docker login'" : null);
        if (error is not null)
        {
            await context.Response.WriteAsync(JsonSerializer.Serialize(new { errorDetail = new { message = error }, error }) + "\n");
            return;
        }

        _name = $"{image}:{tag}";
        await context.Response.WriteAsync("""{"status":"Status: Downloaded newer image"}""" + "\n");
    }

    private static string? UserFor(string host, string header)
    {
        try
        {
            using var auth = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(header));
            var address = auth.RootElement.GetProperty("serveraddress").GetString()!;
            return new Uri(address.Contains("://") ? address : $"https://{address}").Authority == host ? auth.RootElement.GetProperty("username").GetString() : null;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static Task Json(HttpContext context, object value)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(value));
    }

    private static Task Fail(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return Json(context, new { message });
    }

    [GeneratedRegex(@"\A/v1\.[0-9]+")]
    private static partial Regex Version();
}
