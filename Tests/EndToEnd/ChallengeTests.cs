using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The status table: who gets which status and challenge.</summary>
public sealed class ChallengeTests(Lab lab)
{
    private const string Manifest = "/v2/team-a/table/manifests/v1";

    [Fact]
    public async Task The_ping_always_challenges_strangers_and_welcomes_any_token()
    {
        var door = await lab.Door;
        using var anonymous = door.Client();
        using var stranger = await anonymous.Send(HttpMethod.Get, "/v2/");
        var challenge = stranger.Challenge();
        Assert.Equal(($"{door.DataUrl}/token", "127.0.0.1"), (challenge.Realm, challenge.Service));
        Assert.Null(challenge["scope"]);
        Assert.Equal("registry/2.0", stranger.Headers.GetValues("Docker-Distribution-Api-Version").Single());

        using var welcome = await anonymous.Send(HttpMethod.Get, "/v2/", await anonymous.Token(""));
        await welcome.ShouldBe(HttpStatusCode.OK);
        Assert.Equal("{}", await welcome.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task No_token_a_bad_token_and_a_narrow_token_are_challenged_with_the_scope()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        using var none = await alice.Send(HttpMethod.Get, Manifest);
        Assert.Equal(("repository:team-a/table:pull", null), (none.Challenge()["scope"], none.Challenge()["error"]));

        using var bad = await alice.Send(HttpMethod.Get, Manifest, "not.a.token");
        Assert.Equal(("repository:team-a/table:pull", "invalid_token"), (bad.Challenge()["scope"], bad.Challenge()["error"]));

        using var narrow = await alice.Send(HttpMethod.Get, Manifest, await alice.Token("repository:team-a/other:pull"));
        Assert.Equal(("repository:team-a/table:pull", "insufficient_scope"), (narrow.Challenge()["scope"], narrow.Challenge()["error"]));

        using var push = await alice.Send(
            HttpMethod.Post, "/v2/team-a/table/blobs/uploads/", await alice.Token("repository:team-a/table:pull"));
        Assert.Equal("repository:team-a/table:pull,push", push.Challenge()["scope"]);
    }

    [Fact]
    public async Task A_refused_anonymous_is_401_and_a_refused_identity_403_that_names_everything()
    {
        var door = await lab.Door;
        using var anonymous = door.Client();
        using var refused = await anonymous.Do(HttpMethod.Get, Manifest, "repository:team-a/table:pull");
        Assert.Equal("repository:team-a/table:pull", refused.Challenge()["scope"]);

        using var carol = door.Client("carol");
        using var denied = await carol.Do(HttpMethod.Get, Manifest, "repository:team-a/table:pull");
        var message = await denied.ShouldFail(HttpStatusCode.Forbidden, "DENIED");
        Assert.Contains("carol", message);
        Assert.Contains("pull", message);
        Assert.Contains("team-a/table", message);
    }

    [Fact]
    public async Task A_refusal_is_the_same_whether_the_repository_exists_or_not()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage("team-a/real", "v1", TestImage.Build(50, 10));
        using var carol = door.Client("carol");
        using var real = await carol.Do(HttpMethod.Get, "/v2/team-a/real/manifests/v1", "");
        using var fake = await carol.Do(HttpMethod.Get, "/v2/team-a/fake/manifests/v1", "");
        Assert.Equal((await real.Content.ReadAsStringAsync()).Replace("real", "fake"), await fake.Content.ReadAsStringAsync());
        Assert.Equal(real.Headers.Select(header => header.Key).Order(), fake.Headers.Select(header => header.Key).Order());
    }

    [Fact]
    public async Task Absent_things_are_404_for_who_may()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        using var manifest = await alice.GetManifest("team-a/absent", "v1");
        await manifest.ShouldFail(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
        using var blob = await alice.GetBlob("team-a/absent", TestBlob.Random(1, 3).Digest);
        await blob.ShouldFail(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
    }

    [Fact]
    public async Task Methods_that_an_endpoint_does_not_take_are_405_with_what_it_takes()
    {
        var door = await lab.Door;
        using var client = door.Client();
        foreach (var (method, path) in new[] { ("PUT", "/v2/"), ("POST", Manifest), ("PATCH", Manifest),
            ("GET", "/v2/team-a/x/blobs/uploads/"), ("DELETE", "/v2/team-a/x/tags/list") })
        {
            using var response = await client.Send(new HttpMethod(method), path);
            await response.ShouldFail(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
            Assert.NotEmpty(response.Content.Headers.Allow);
        }
    }

    [Fact]
    public async Task Two_authorization_headers_are_refused()
    {
        var door = await lab.Door;
        var answer = await RawHttp.Exchange(door.DataUrl,
            $"GET /v2/ HTTP/1.1\r\nHost: {door.Authority}\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\nConnection: " +
            $"close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400", answer);
    }

    [Fact]
    public async Task The_base_without_its_slash_leads_to_the_one_with_it()
    {
        var door = await lab.Door;
        using var client = door.Client();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Head })
        {
            using var response = await client.Send(method, "/v2");
            Assert.Equal((HttpStatusCode.MovedPermanently, "/v2/"), (response.StatusCode, response.Headers.Location?.OriginalString));
        }

        using var posted = await client.Send(HttpMethod.Post, "/v2");
        Assert.Equal(HttpStatusCode.NotFound, posted.StatusCode);
    }

    [Fact]
    public async Task Everything_else_on_the_data_listener_is_404()
    {
        var door = await lab.Door;
        using var client = door.Client();
        foreach (var path in new[] { "/", "/admin/upstreams", "/admin/sessions?tenant=acme", "/metrics", "/dashboard", "/v1/",
            "/index.html", "/V2/", "/token/", "/debug/pprof" })
        {
            using var response = await client.Send(HttpMethod.Get, path);
            Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{path}: {response.StatusCode}");
        }
    }
}
