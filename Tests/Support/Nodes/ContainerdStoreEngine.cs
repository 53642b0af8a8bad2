using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>
/// A Docker Engine with the containerd image store, as far as images go, in the form in which one of version 28 answers: the identifier is
/// the digest of the manifest; a name with a digest stands among the tags, too; a list counts what is unpacked, an inspection does not; a
/// credential goes only to the host that its <c>serveraddress</c> names; a header that is not base64url JSON counts as none; once the
/// stream has begun, errors come in it.
/// </summary>
internal sealed partial class ContainerdStoreEngine : IAsyncDisposable
{
    public const string ManifestDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    public const int ListedSize = 5000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _names = [];
    private readonly Dictionary<string, string> _users = new() { [ManifestDigest] = "" };
    private readonly RegistryClient? _registry;
    private UnixServer _server = null!;

    private ContainerdStoreEngine(RegistryClient? registry) => _registry = registry;

    public string Socket => _server.Socket;

    /// <summary>The user name of the last pull whose credential was for its registry.</summary>
    public string? User { get; private set; }

    /// <summary>What every pull says inside its stream, instead of succeeding.</summary>
    public string? ErrorInStream { get; set; }

    /// <param name="registry">Whose images are pulled, by anybody; without it there is one image, and a credential is needed.</param>
    public static async Task<ContainerdStoreEngine> Start(string? registry = null)
    {
        var engine = new ContainerdStoreEngine(registry is null ? null : new RegistryClient(registry, null, null));
        engine._server = await UnixServer.Start(HttpProtocols.Http1, engine.Serve);
        return engine;
    }

    public ValueTask DisposeAsync()
    {
        _registry?.Dispose();
        return _server.DisposeAsync();
    }

    private Task Serve(HttpContext context)
    {
        var path = Version().Replace(context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0], "");
        lock (_lock)
        {
            return (context.Request.Method, path) switch
            {
                ("POST", "/images/create") => Create(context),
                ("GET", "/info") => Json(context, new { DockerRootDir = "/" }),
                ("GET", "/containers/json") => Json(context, Array.Empty<object>()),
                ("GET", "/images/json") => Json(context, _names.Values.Distinct().Select(digest => Described(digest, ListedSize)).ToList()),
                ("GET", _) when Find(Uri.UnescapeDataString(path["/images/".Length..^"/json".Length])) is { } digest =>
                    Json(context, Described(digest, ListedSize / 5)),
                ("DELETE", _) => Delete(context, Uri.UnescapeDataString(path["/images/".Length..])),
                _ => Fail(context, 404, "No such image"),
            };
        }
    }

    private object Described(string digest, int size)
    {
        var names = _names.Where(name => name.Value == digest).Select(name => name.Key).Order().ToList();
        return new
        {
            Id = digest, RepoTags = names, RepoDigests = names.Select(RepositoryOf).Distinct()
                .Select(repository => $"{repository}@{digest}"), Size = size, SharedSize = 0,
            Config = new { User = _users[digest] },
        };
    }

    private string? Find(string reference) => _names.GetValueOrDefault(reference)
        ?? _names.Where(name => name.Value == reference || reference == $"{RepositoryOf(name.Key)}@{name.Value}").Select(name => name.Value)
            .FirstOrDefault();

    private Task Delete(HttpContext context, string reference)
    {
        var names = _names.Where(name => name.Key == reference || name.Value == reference).Select(name => name.Key).ToList();
        if (names.Count == 0)
        {
            return Fail(context, 404, "No such image");
        }

        if (names.Count > 1)
        {
            return Fail(context, 409, "conflict: unable to delete (must be forced) - image is referenced in multiple repositories");
        }

        _names.Remove(names[0]);
        return Json(context, new[] { new { Untagged = names[0] } });
    }

    private static string RepositoryOf(string name) => name.Contains('@') ? name[..name.IndexOf('@')] : name[..name.LastIndexOf(':')];

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
        var error = ErrorInStream
            ?? (User is null && _registry is null
                ? $"pull access denied for {image}, repository does not exist or may require 'docker login'" : null);
        if (error is not null)
        {
            await context.Response.WriteAsync(JsonSerializer.Serialize(new { errorDetail = new { message = error }, error }) + "\n");
            return;
        }

        var (digest, user) = _registry is null ? (ManifestDigest, "") : await Fetch(image[(image.IndexOf('/') + 1)..], tag);
        lock (_lock)
        {
            _users[digest] = user;
            _names[tag.StartsWith("sha256:", StringComparison.Ordinal) ? $"{image}@{tag}" : $"{image}:{tag}"] = digest;
        }

        await context.Response.WriteAsync("""{"status":"Status: Downloaded newer image"}""" + "\n");
    }

    private async Task<(string Digest, string User)> Fetch(string repository, string reference)
    {
        using var answer = await _registry!.GetManifest(repository, reference);
        using var manifest = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.True(RegistryProxy.Protocol.Digest.TryParse(
            manifest.RootElement.GetProperty("config").GetProperty("digest").GetString()!, out var config));
        using var blob = await _registry.GetBlob(repository, config);
        using var content = JsonDocument.Parse(await blob.Content.ReadAsStringAsync());
        return (answer.Headers.GetValues("Docker-Content-Digest").Single(),
            content.RootElement.GetProperty("config").GetProperty(nameof(User)).GetString()!);
    }

    private static string? UserFor(string host, string header)
    {
        try
        {
            using var auth = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(header));
            var address = auth.RootElement.GetProperty("serveraddress").GetString()!;
            return new Uri(address.Contains("://") ? address : $"https://{address}").Authority == host
                ? auth.RootElement.GetProperty("username").GetString() : null;
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
