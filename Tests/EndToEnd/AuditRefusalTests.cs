using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Every refusal of every operation is in the audit log: each kind of refusal is tried on each operation, and what the clients saw refused
/// is what the lines of the log add up to.
/// </summary>
public sealed class AuditRefusalTests
{
    private const string Digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    private const string All = "repository:a/b:pull,push,delete registry:catalog:*";

    private static readonly (string Method, string Path, string? Action)[] Operations =
    [
        ("GET", "/v2/", null), ("GET", "/v2/_catalog", "catalog"), ("GET", "/v2/a/b/tags/list", "pull"),
        ("GET", $"/v2/a/b/referrers/{Digest}", "pull"), ("HEAD", $"/v2/a/b/referrers/{Digest}", "pull"),
        ("GET", "/v2/a/b/manifests/v1", "pull"), ("HEAD", "/v2/a/b/manifests/v1", "pull"), ("PUT", "/v2/a/b/manifests/v1", "push"),
        ("DELETE", $"/v2/a/b/manifests/{Digest}", "delete"), ("GET", $"/v2/a/b/blobs/{Digest}", "pull"),
        ("HEAD", $"/v2/a/b/blobs/{Digest}", "pull"), ("DELETE", $"/v2/a/b/blobs/{Digest}", "delete"),
        ("POST", "/v2/a/b/blobs/uploads/", "push"), ("GET", "UPLOAD", "push"), ("PATCH", "UPLOAD", "push"),
        ("PUT", $"UPLOAD?digest={Digest}", "push"), ("DELETE", "UPLOAD", "push"),
    ];

    private volatile int _status;

    [Fact]
    public async Task Each_kind_of_refusal_of_each_operation_is_told_with_its_reason()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("audit.jsonl");
        await using var upstream = await RecordingUpstream.Start(Answer);
        await using var door = await FrontDoor.Start(Yaml(upstream.Url, file));
        using var alice = door.Client("alice");
        using var bob = door.Client("bob");
        var hers = await alice.Token(All);
        var upload = await Upload(alice, hers);
        Assert.Equal(0, await Refused(alice, hers, upload, needsAction: false));

        await Compare(file, "rule needed: ", "bob", await Refused(bob, await bob.Token(All), upload, needsAction: true), 16);
        // Each identity has twenty lines a second of its own.
        using var carol = door.Client("carol");
        await Compare(file, "scope lacking: ", "carol",
            await Refused(carol, await carol.Token("repository:c/d:pull"), upload, needsAction: true), 16);
        await Compare(file, "not a token of this cluster", "", await Refused(alice, hers[..^4] + "AAAA", upload, needsAction: false), 17);
        upload = await Upload(alice, hers);
        _status = 403;
        await Compare(file, "upstream refused: ", "alice", await Refused(alice, hers, upload, needsAction: true, but: "_catalog"), 15);
    }

    [Theory]
    [InlineData("perIdentity: { requestsPerSecond: 1 }")]
    [InlineData("requestsPerSecond: 1")]
    public async Task Whatever_a_limit_refuses_is_counted(string limit)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("audit.jsonl");
        await using var upstream = await RecordingUpstream.Start(Answer);
        await using var door = await FrontDoor.Start(Yaml(upstream.Url, file).Replace("routes:", $"limits: {{ {limit} }}\n    routes:"));
        using var alice = door.Client("alice");
        var proof = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"alice:{FrontDoor.PasswordOf("alice")}"))}";
        var limited = 0;
        var paths = Operations.Select(one => one.Path.Replace("UPLOAD", "/v2/a/b/blobs/uploads/x"))
            .Append("/token?service=127.0.0.1").Append("/nothing").Append("/page/state").Append("/.well-known/jwks.json").ToList();
        foreach (var path in Enumerable.Repeat(paths, 3).SelectMany(all => all))
        {
            foreach (var headers in new (string, string)[][] { [("Authorization", proof)], [("Authorization", "Bearer nonsense")], [] })
            {
                using var answer = await alice.Send(HttpMethod.Get, path, null, null, headers);
                limited += answer.StatusCode == HttpStatusCode.TooManyRequests ? 1 : 0;
            }
        }

        Assert.InRange(limited, 100, int.MaxValue);
        await Eventually.True(() => Sum(file, "limited: ", null) >= limited, $"{limited} are told, not {Sum(file, "limited: ", null)}");
        Assert.Equal(limited, Sum(file, "limited: ", null));
    }

    private Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        context.Response.StatusCode = path == "/v2/" ? 200 : _status == 0 ? Usual(context.Request.Method, path) : _status;
        if (path.Contains("/uploads/"))
        {
            (context.Response.Headers.Location, context.Response.Headers.Range) = ("/v2/a/b/blobs/uploads/one?state=x", "0-0");
        }

        return Task.CompletedTask;
    }

    private static int Usual(string method, string path) => (method, path.Contains("/uploads/")) switch
    {
        ("POST" or "PATCH" or "DELETE", _) => 202, ("PUT", _) => 201, ("GET", true) => 204, _ => 404,
    };

    private static async Task<string> Upload(RegistryClient client, string token)
    {
        using var answer = await client.Send(HttpMethod.Post, "/v2/a/b/blobs/uploads/", token);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        return new Uri(new Uri("http://any"), answer.Headers.Location!).PathAndQuery;
    }

    /// <summary>How many of the operations were refused.</summary>
    private static async Task<int> Refused(
        RegistryClient client, string token, string upload, bool needsAction, string but = "nothing")
    {
        var refused = 0;
        foreach (var (method, path, action) in Operations.Where(one => (!needsAction || one.Action is not null) && !one.Path.Contains(but)))
        {
            using var content = method is "PUT" or "PATCH"
                ? new StringContent("{}", Encoding.UTF8, "application/vnd.oci.image.index.v1+json") : null;
            using var answer = await client.Send(new HttpMethod(method), path.Replace("UPLOAD", upload), token, content);
            refused += (int)answer.StatusCode is 401 or 403 or 502 ? 1 : 0;
        }

        return refused;
    }

    private static async Task Compare(string file, string reason, string subject, int refused, int expected)
    {
        Assert.Equal((reason, expected), (reason, refused));
        try
        {
            await Eventually.True(() => Sum(file, reason, subject) == refused, reason);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{reason} {refused}\n{await File.ReadAllTextAsync(file)}");
        }

        Assert.DoesNotContain(Read(file), line => Text(line, "decision") == "deny" && Text(line, "reason").Length == 0);
        var told = Read(file).FindAll(
            line => Text(line, "reason").StartsWith(reason, StringComparison.Ordinal) && Text(line, "action").Length > 0);
        Assert.All(told.FindAll(line => Text(line, "action") != "catalog"), line => Assert.Equal("a/b", Text(line, "repository")));
        Assert.Equal(
            reason.StartsWith("upstream", StringComparison.Ordinal) ? ["delete", "pull", "push"] : ["catalog", "delete", "pull", "push"],
            told.Select(line => Text(line, "action")).Distinct().Order());
    }

    private static int Sum(string file, string reason, string? subject) => Read(file)
        .Where(line => Text(line, "reason").StartsWith(reason, StringComparison.Ordinal)
            && (subject is null || Text(line, "subject") == subject))
        .Sum(line => line.TryGetProperty("count", out var count) ? count.GetInt32() : 1);

    private static string Yaml(string upstream, string file) => $$"""
        audit: { file: {{file}} }
        upstreams: { local: { url: "{{upstream}}", allowPrivate: true } }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["127.0.0.1"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: local }]
            access: [{ name: alice, who: ["user:alice", "user:carol"], repositories: ["**"], actions: [pull, push, delete, catalog] }]
        """;

    private static List<JsonElement> Read(string file) =>
        File.Exists(file) ? [.. File.ReadAllLines(file).Select(line => JsonDocument.Parse(line).RootElement)] : [];

    private static string Text(JsonElement line, string field) => line.TryGetProperty(field, out var value) ? value.GetString()! : "";
}
