using System.Net;
using System.Text;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Clients that ask in other ways than the textbook says: what they send is understood, and what they are refused can be read.
/// </summary>
public sealed class FieldClientTests
{
    private static readonly TestImage Image = TestImage.Build(930, 100);

    private static string Yaml(string upstream) => DoorConfiguration.Single(upstream)
        .Replace("- { name: everybody, who: [anonymous], repositories: [\"**\"], actions: [pull] }",
            "- { name: everybody, who: [anonymous], repositories: [\"public/**\"], actions: [pull] }")
        + "\n      - { name: ci, who: [\"user:dave\"], repositories: [\"ci/**\"], actions: [push] }\n";

    [Fact]
    public async Task Who_may_only_push_may_look_what_is_there_and_refusals_can_be_read_in_the_status_line()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await LeasedDoors.Take(Yaml(upstream.Url));
        using var dave = door.Client("dave");
        (string Path, string Scope)[] looks =
            [("manifests/v1", "pull,push"), ("manifests/v1", "pull"), ($"blobs/{Image.Config.Digest}", "push")];
        foreach (var (path, scope) in looks)
        {
            var token = await dave.Token($"repository:ci/a:{scope}");
            using var head = await dave.Send(HttpMethod.Head, $"/v2/ci/a/{path}", token);
            await head.ShouldBe(HttpStatusCode.OK);
            using var get = await dave.Send(HttpMethod.Get, $"/v2/ci/a/{path}", token);
            Assert.Equal((HttpStatusCode.Forbidden, "Forbidden: dave may not pull ci/a"), (get.StatusCode, get.ReasonPhrase));
            using var other = await dave.Send(HttpMethod.Head, $"/v2/team-a/a/{path}", token);
            Assert.Equal((HttpStatusCode.Forbidden, "Forbidden: dave may not pull team-a/a"), (other.StatusCode, other.ReasonPhrase));
        }

        var carried = await dave.Token("repository:ci/a:pull");
        using var unscoped = await dave.Send(HttpMethod.Head, "/v2/ci/b/manifests/v1", carried);
        Assert.Equal("repository:ci/b:pull,push", unscoped.Challenge()["scope"]);
        using var pushes = await dave.Send(HttpMethod.Post, "/v2/ci/a/blobs/uploads/", carried);
        Assert.Equal("repository:ci/a:pull,push", pushes.Challenge()["scope"]);
        using var catalog = await dave.Send(HttpMethod.Get, "/v2/_catalog", carried);
        Assert.Equal("Forbidden: dave may not list repositories", catalog.ReasonPhrase);
        using var stranger = door.Client();
        using var refused = await stranger.Do(HttpMethod.Get, "/v2/ci/a/manifests/v1", RegistryClient.Pull("public/a"));
        Assert.Equal("Unauthorized: pull on ci/a is not allowed without a login", refused.ReasonPhrase);
    }

    [Fact]
    public async Task Who_may_only_push_reads_back_by_its_digest_what_it_pushed_and_nothing_else()
    {
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = context.Request.Method == "PUT" ? 201 : 200;
            context.Response.ContentType = TestImage.OciManifest;
            await context.Response.Body.WriteAsync(context.Request.Path == "/v2/" ? "{}"u8.ToArray() : Image.Manifest.Bytes);
        });
        await using var door = await LeasedDoors.Take(Yaml(upstream.Url)
            + "      - { name: other, who: [\"user:carol\"], repositories: [\"ci/**\"], actions: [push] }\n");
        var (dave, carol) = (door.Client("dave"), door.Client("carol"));
        var mine = $"ci/a/manifests/{Image.Manifest.Digest}";
        Assert.Equal(HttpStatusCode.Forbidden, await Get(dave, mine));
        using var put = await dave.PutManifest("ci/a", "v1", Image.Manifest);
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.OK, await Get(dave, mine));
        Assert.Equal(HttpStatusCode.Forbidden, await Get(dave, "ci/a/manifests/v1"));
        Assert.Equal(HttpStatusCode.Forbidden, await Get(dave, $"ci/b/manifests/{Image.Manifest.Digest}"));
        Assert.Equal(HttpStatusCode.Forbidden, await Get(dave, $"ci/a/blobs/{Image.Manifest.Digest}"));
        Assert.Equal(HttpStatusCode.Forbidden, await Get(dave, $"ci/a/manifests/{Image.Config.Digest}"));
        Assert.Equal(HttpStatusCode.Forbidden, await Get(carol, mine));

        static async Task<HttpStatusCode> Get(RegistryClient client, string path)
        {
            using var answer = await client.Do(HttpMethod.Get, $"/v2/{path}", RegistryClient.Push(path.Split("/manif")[0].Split("/blobs")[0]));
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_token_of_another_service_is_none_where_anybody_may_pull_and_wrong_everywhere_else()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var client = door.Client();
        var foreign = $"{Encode("""{"alg":"RS256"}""")}.{Encode("""{"iss":"https://issuer.example","sub":"me"}""")}.{Encode("x")}";
        var ticket = $"{Encode("""{"alg":"ES256","typ":"registryproxy-peer+jwt","kid":"k"}""")}.{Encode("""{"aud":"x","sub":"me"}""")}." +
            $"{Encode("x")}";
        var forged = $"{Encode("""{"alg":"ES256"}""")}.{Encode("""{"iss":"registryproxy:acme","sub":"me"}""")}.{Encode("x")}";
        var unknown = $"{Encode("""{"alg":"ES256","kid":"none"}""")}.{Encode("""{"iss":"registryproxy:acme","sub":"me"}""")}.{Encode("x")}";
        var other = $"{Encode("""{"alg":"ES256","kid":"k"}""")}.{Encode("""{"iss":"registryproxy:other","sub":"me"}""")}.{Encode("x")}";
        var good = await client.Token(RegistryClient.Pull("public/a"));
        var broken = $"{good[..^4]}AAAA";
        foreach (var (token, isForeign) in new[]
        {
            ("QQ==", true), ("a.b", true), ("a.b.c", true), ("ghp_1234567890", true), (foreign, true),
            (forged, false), (ticket, false), (unknown, false), (other, false), (broken, false),
        })
        {
            foreach (var (method, path) in new[]
            {
                (HttpMethod.Get, "manifests/v1"), (HttpMethod.Head, "manifests/v1"), (HttpMethod.Get, $"blobs/{Image.Config.Digest}"),
                (HttpMethod.Head, $"blobs/{Image.Config.Digest}"), (HttpMethod.Get, "tags/list"),
                (HttpMethod.Get, $"referrers/{Image.Config.Digest}"),
            })
            {
                using var open = await client.Send(method, $"/v2/public/a/{path}", token);
                Assert.Equal((token, path, isForeign ? HttpStatusCode.OK : HttpStatusCode.Unauthorized), (token, path, open.StatusCode));
                using var closed = await client.Send(method, $"/v2/team-a/a/{path}", token);
                Assert.Equal((token, path, HttpStatusCode.Unauthorized), (token, path, closed.StatusCode));
            }

            foreach (var (method, path) in new[]
            {
                (HttpMethod.Get, "/v2/"), (HttpMethod.Get, "/v2/_catalog"), (HttpMethod.Get, "/v2/team-a/a/manifests/v1"),
                (HttpMethod.Head, "/v2/"), (HttpMethod.Put, "/v2/public/a/manifests/v1"),
                (HttpMethod.Post, "/v2/public/a/blobs/uploads/"), (HttpMethod.Get, "/v2/public/a/blobs/uploads/x"),
                (HttpMethod.Patch, "/v2/public/a/blobs/uploads/x"), (HttpMethod.Put, "/v2/public/a/blobs/uploads/x"),
                (HttpMethod.Delete, "/v2/public/a/blobs/uploads/x"), (HttpMethod.Delete, "/v2/public/a/manifests/v1"),
                (HttpMethod.Delete, $"/v2/public/a/blobs/{Image.Config.Digest}"),
            })
            {
                using var closed = await client.Send(method, path, token);
                await closed.ShouldBe(HttpStatusCode.Unauthorized);
                Assert.Equal("invalid_token", closed.Challenge()["error"]);
            }
        }

        Assert.DoesNotContain(upstream.Requests, request => request.Headers.ContainsKey("Authorization"));
    }

    [Fact]
    public async Task What_an_upstream_says_is_in_no_status_line_and_http_2_has_none()
    {
        await using var upstream = new RawUpstream((_, target) => target == "/v2/"
            ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
            : "HTTP/1.1 403 internal-team only\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await using var door = await LeasedDoors.Take(Yaml(upstream.Url));
        using var alice = door.Client("alice");
        using var refused = await alice.GetManifest("team-a/a", "v1");
        Assert.DoesNotContain("internal", refused.ReasonPhrase);
        using var dave = new RegistryClient(door.DataUrl, "dave", FrontDoor.PasswordOf("dave")) { Http2 = true };
        using var newer = await dave.GetManifest("team-a/a", "v1");
        Assert.Equal((HttpStatusCode.Forbidden, HttpVersion.Version20), (newer.StatusCode, newer.Version));
        Assert.Contains("dave may not pull team-a/a", await newer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Long_questions_are_answered_and_what_is_too_long_is_said_in_json()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await LeasedDoors.Take(Yaml(upstream.Url));
        using var alice = door.Client("alice");
        var scopes = Enumerable.Range(0, 150)
            .Select(i => $"repository:operators/catalog-3scale-amp2-operator-metadata-{i}:pull,push").ToList();
        using var many = await alice.RequestToken(scopes);
        await many.ShouldBe(HttpStatusCode.OK);
        using var some = await alice.RequestToken(scopes.Take(60));
        var token = (await RegistryClient.ReadToken(some)).Token!;
        using var last = await alice.Send(HttpMethod.Get, "/v2/operators/catalog-3scale-amp2-operator-metadata-59/manifests/v1", token);
        await last.ShouldBe(HttpStatusCode.OK);
        using var longer = await alice.Send(HttpMethod.Get, $"/v2/_catalog?last={new string('a', 9000)}", token);
        await longer.ShouldFail(HttpStatusCode.RequestUriTooLong, "UNSUPPORTED");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_manifest_that_is_pushed_by_its_digest_gets_the_tags_that_go_with_it(bool knowsTags)
    {
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = context.Request.Path == "/v2/" ? 200 : 201;
            context.Response.Headers["OCI-Tag"] = knowsTags ? context.Request.Query["tag"] : default;
        });
        await using var door = await LeasedDoors.Take(Yaml(upstream.Url));
        using var alice = door.Client("alice");
        using var put = await alice.PutManifest("team-a/a", $"{Image.Manifest.Digest}?tag=v1&tag=v2&other=x", Image.Manifest);
        await put.ShouldBe(HttpStatusCode.Created);
        Assert.Equal(["v1", "v2"], put.Headers.GetValues("OCI-Tag"));
        var path = $"/v2/team-a/a/manifests/{Image.Manifest.Digest}?tag=v1&tag=v2";
        Assert.Equal(
            knowsTags ? [path] : [path, "/v2/team-a/a/manifests/v1", "/v2/team-a/a/manifests/v2"],
            upstream.Requests.Where(request => request.Method == "PUT").Select(request => request.Target));
        using var wrong = await alice.PutManifest("team-a/a", $"{Image.Manifest.Digest}?tag=-v1", Image.Manifest);
        await wrong.ShouldBe(HttpStatusCode.BadRequest);
    }

    private static string Encode(string text) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
