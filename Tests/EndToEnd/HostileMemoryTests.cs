using System.Text;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Texts of strangers fill no memory, spend nobody's budget and are in nobody's way.</summary>
[Collection(AloneCollection.Name)]
public sealed class HostileMemoryTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Manifest = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}""";

    private RecordingUpstream _upstream = null!;
    private FrontDoor _door = null!;
    private string _token = "";

    public async ValueTask InitializeAsync()
    {
        _upstream = await RecordingUpstream.Start(context =>
        {
            if (context.Request.Path.Value!.Contains("/unknown"))
            {
                context.Response.StatusCode = 404;
                return Task.CompletedTask;
            }

            if (context.Request.Path.Value.Contains("/refuses-head/") && context.Request.Method == "HEAD")
            {
                context.Response.StatusCode = 405;
                return Task.CompletedTask;
            }

            context.Response.ContentType = TestImage.OciManifest;
            if (context.Request.Path.Value.Contains("/a/b/"))
            {
                context.Response.Headers["Docker-Content-Digest"] = TestBlob.Of(Manifest).Digest.Value;
            }

            context.Response.ContentLength = Manifest.Length;
            return context.Request.Method == "HEAD" ? Task.CompletedTask
                : context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(Manifest)).AsTask();
        });
        _door = await FrontDoor.Start(
            DoorConfiguration.Single(_upstream.Url, extra: "cache: { path: cache, tagTtl: 1h }", extraRoute: ", cache: true"));
        using var stranger = _door.Client();
        _token = await stranger.Token(RegistryClient.Pull("a/b"));
    }

    public async ValueTask DisposeAsync()
    {
        await _door.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public Task Blanks_before_a_token() =>
        Flat(200, i => Get("/v2/a/b/manifests/v1", $"Authorization: Bearer {Blanks(i)}{_token}", $"Accept: {TestImage.OciManifest}"));

    [Fact]
    public async Task Invented_types_of_a_cached_tag()
    {
        await Flat(200, i => Get("/v2/a/b/manifests/v1", Bearer, $"Accept: {TestImage.OciManifest}, x/{i}-{new string('y', 7500)}"));
        await Flat([200, 429], i => Get("/v2/a/b/manifests/v1", Bearer, $"Accept: x/{i}-{new string('y', 7500)};q=0.{i}"));
        await Flat(431, i => Get("/v2/a/b/manifests/v1", Bearer, $"Accept: {TestImage.OciManifest}, x/{i}-{new string('y', 28_000)}"));
        Assert.InRange(_upstream.Requests.Count(request => request.Method == "GET" && request.Target.Contains("/manifests/")), 1, 3);
    }

    /// <summary>HEAD does not say what the tag is there.</summary>
    [Theory]
    [InlineData("says-nothing")]
    [InlineData("refuses-head")]
    public async Task Invented_types_of_a_cached_tag_of_which_only_a_pull_tells(string repository)
    {
        using var stranger = _door.Client();
        var token = await stranger.Token(RegistryClient.Pull($"{repository}/b"));
        await Flat([200, 429], i => Get($"/v2/{repository}/b/manifests/v1", $"Authorization: Bearer {token}", $"Accept: x/{i}"));
        var asked = _upstream.Requests.Where(request => request.Target.Contains($"/{repository}/b/manifests/")).ToList();
        Assert.InRange(asked.Count(request => request.Method == "GET"), 1, 3);
        Assert.InRange(asked.Count, 1, 1500);
    }

    [Fact]
    public Task Invented_names_tags_and_digests() => Flat([404, 429], i => (i % 3) switch
    {
        0 => Get($"/v2/a/b/manifests/unknown-{i}-{new string('t', 100)}", Bearer),
        1 => Get($"/v2/a/b/blobs/sha512:{Convert.ToHexStringLower(Encoding.ASCII.GetBytes($"{i}".PadLeft(64, '0')))}?ns=unknown." +
            $"{i}.example", Bearer),
        _ => Get($"/v2/a/b/manifests/unknown?x={i}-{new string('q', 7000)}", Bearer),
    });

    [Fact]
    public Task Tokens_for_many_invented_repositories() => Flat(200, i => Get("/token?" + string.Concat(
        Enumerable.Range(0, 25).Select(scope => $"scope=repository:{i}/{scope}/{new string('r', 230)}:pull&"))));

    [Fact]
    public async Task Credentials_that_are_too_long()
    {
        await Flat(400, i => Post($"grant_type=password&service=127.0.0.1&username={i}{new string('u', 60_000)}&password=x"));
        await Flat(400, i => Post($"grant_type=refresh_token&service=127.0.0.1&refresh_token={i}{new string('u', 60_000)}"));
        await Flat(431, i => Get(
            "/token", $"Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{i}{new string('u', 20_000)}:x"))}"));
    }

    private string Bearer => $"Authorization: Bearer {_token}";

    /// <summary>Twenty-nine thousand blanks, others for each number.</summary>
    private static string Blanks(int number) =>
        string.Concat(Enumerable.Range(0, 16).Select(bit => (number >> bit & 1) == 0 ? ' ' : '\t')) + new string(' ', 14_000);

    private string Get(string target, params string[] headers) => HostileCrowd.Get(_door, target, headers);

    private string Post(string form) => HostileCrowd.Post(_door, form);

    private Task Flat(int expected, Func<int, string> request) => Flat([expected], request);

    private Task Flat(int[] expected, Func<int, string> request) => new HostileCrowd(_door, output).Flat(expected, request);
}
