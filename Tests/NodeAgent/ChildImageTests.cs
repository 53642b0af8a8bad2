using System.Text.Json;
using System.Text.RegularExpressions;
using Docker.DotNet;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RegistryProxy.NodeAgent.Images.Docker;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>An image that another was built from, in an engine with a graph driver, which removes names first and refuses then.</summary>
public sealed partial class ChildImageTests : IAsyncLifetime
{
    private const string Parent = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string Child = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

    private readonly List<string> _tags = ["door.example/app:v1", "door.example/app:v2"];
    private UnixServer _engine = null!;
    private bool _saysParents = true;
    private bool _hasChild = true;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Keeps_all_of_its_names_until_the_other_one_goes(bool saysParents)
    {
        _saysParents = saysParents;
        var removal = Removal(out var store);
        using (store)
        {
            var fault = await Assert.ThrowsAnyAsync<Exception>(() => removal.Remove("door.example/app:v1", default));
            Assert.Contains(saysParents ? $"is what the image {Child} was made of" : "dependent child images",
                fault is RpcException refusal ? refusal.Status.Detail : ((DockerApiException)fault).ResponseBody);
            Assert.Equal(["door.example/app:v1", "door.example/app:v2"], _tags.Order());
            Assert.Equal(!saysParents, _engine.Requests.Any(request => request.Method == "DELETE"));

            _hasChild = false;
            await removal.Remove("door.example/app:v1", default);
            Assert.Empty(_tags);
        }
    }

    public async ValueTask InitializeAsync() => _engine = await UnixServer.Start(HttpProtocols.Http1, Serve);

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private DockerRemoval Removal(out DockerStore store)
    {
        var (settings, errors) = SettingsFile.Parse(
            $"runtime: {{ type: docker, endpoint: \"unix://{_engine.Socket}\" }}", "nodeagent.yaml");
        Assert.Empty(errors);
        store = new DockerStore(settings!, TimeProvider.System);
        return new DockerRemoval(store, new DockerLookup(store, new NameMap([])));
    }

    private Task Serve(HttpContext context)
    {
        var path = Version().Replace(context.Request.Path.Value!, "");
        var name = Uri.UnescapeDataString(path["/".Length..]);
        return (context.Request.Method, path) switch
        {
            ("GET", "/containers/json") => Json(context, 200, Array.Empty<object>()),
            ("GET", "/images/json") => Json(context, 200, new object[] { Image() }
                .Concat(_hasChild ? [new { Id = Child, ParentId = _saysParents ? Parent : "" }] : []).ToList()),
            ("GET", _) => IsThere(name["images/".Length..^"/json".Length]) ? Json(context, 200, Image()) : NotFound(context),
            ("POST", _) => Tag(context),
            _ => Delete(context, name["images/".Length..]),
        };
    }

    private object Image() => new { Id = Parent, RepoTags = _tags, RepoDigests = Array.Empty<string>(), ParentId = "" };

    private bool IsThere(string reference) => _tags.Contains(reference) || (reference == Parent && (_hasChild || _tags.Count > 0));

    private Task Delete(HttpContext context, string reference) =>
        reference == Parent && _hasChild
            ? Json(context, 409, new { message = "conflict: unable to delete 1111 (cannot be forced) - image has dependent child images" })
        : _tags.Remove(reference) ? Json(context, 200, new[] { new { Untagged = reference } })
        : NotFound(context);

    private Task Tag(HttpContext context)
    {
        _tags.Add($"{context.Request.Query["repo"]}:{context.Request.Query["tag"]}");
        return Json(context, 201, new { });
    }

    private static Task NotFound(HttpContext context) => Json(context, 404, new { message = "No such image" });

    private static Task Json(HttpContext context, int status, object value)
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, "application/json");
        return context.Response.WriteAsync(JsonSerializer.Serialize(value));
    }

    [GeneratedRegex(@"\A/v1\.[0-9]+")]
    private static partial Regex Version();
}
