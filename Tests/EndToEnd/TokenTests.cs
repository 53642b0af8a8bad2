using System.Net;
using System.Text;
using System.Text.Json;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The token endpoint, both forms (distribution, spec/auth/token.md and oauth.md).</summary>
public sealed class TokenTests(Lab lab)
{
    [Theory]
    [InlineData("", 30 * 24 * 3600)]
    [InlineData("registryproxy-nodeagent", 3600)]
    public async Task The_agent_of_a_node_gets_a_session_of_an_hour(string client, int seconds)
    {
        using var anybody = (await lab.Door).Client();
        using var answer = await anybody.PostToken(
            ("grant_type", "password"), ("username", "alice"), ("password", FrontDoor.PasswordOf("alice")), ("access_type", "offline"),
            ("client_id", client));
        var reply = await RegistryClient.ReadToken(answer);
        Assert.InRange(reply.RefreshExpiresIn!.Value, seconds - 60, seconds);
    }

    [Fact]
    public async Task A_reply_has_everything_that_clients_read()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        using var response = await alice.RequestToken(["repository:team-a/x:pull"]);
        var reply = await RegistryClient.ReadToken(response);
        Assert.Equal(reply.Token, reply.AccessToken);
        Assert.InRange(reply.ExpiresIn!.Value, 60, 900);
        Assert.InRange(DateTimeOffset.Parse(reply.IssuedAt!), DateTimeOffset.UtcNow.AddSeconds(-30), DateTimeOffset.UtcNow.AddSeconds(5));
        Assert.Null(reply.RefreshToken);
        Assert.Contains("no-store", response.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task The_token_carries_the_intersection_of_what_was_asked_and_what_is_allowed()
    {
        var door = await lab.Door;
        using var bob = door.Client("bob");
        using var response = await bob.RequestToken(
            ["repository:team-a/x:pull,push,delete", "repository:secret/x:pull", "repository(plugin):team-a/y:pull", "unknown:z:w",
                "repository:team-a/x:*", "nonsense"]);
        await response.ShouldBe(HttpStatusCode.OK);
        Assert.Equal(["repository:team-a/x:pull", "repository:team-a/y:pull"], AccessOf(await RegistryClient.ReadToken(response)));
    }

    [Fact]
    public async Task A_login_without_a_scope_gets_a_token_without_access()
    {
        var door = await lab.Door;
        using var carol = door.Client("carol");
        using var response = await carol.RequestToken([]);
        await response.ShouldBe(HttpStatusCode.OK);
        Assert.Empty(AccessOf(await RegistryClient.ReadToken(response)));
    }

    [Fact]
    public async Task Wrong_credentials_are_401_and_no_credentials_are_anonymous()
    {
        var door = await lab.Door;
        foreach (var (user, password) in new[] { ("alice", "wrong"), ("nobody", "x"), ("alice", ""), ("_staff", "x"), ("_session", "x"),
            ("<token>", "rpr_x.y"), ("", "x"), ("a\u0001b", "x"), ("alice", new string('a', 100)) })
        {
            using var client = new RegistryClient(door.DataUrl, user, password);
            using var response = await client.RequestToken(["repository:public/x:pull"]);
            await response.ShouldFail(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        }

        using var empty = new RegistryClient(door.DataUrl, "", "");
        using var anonymous = await empty.RequestToken(["repository:public/x:pull,push", "repository:team-a/x:pull"]);
        Assert.Equal(["repository:public/x:pull"], AccessOf(await RegistryClient.ReadToken(anonymous)));
    }

    [Fact]
    public async Task The_oauth_form_takes_scopes_repeated_and_separated_by_spaces()
    {
        var door = await lab.Door;
        using var client = door.Client();
        using var response = await client.PostToken(
            ("grant_type", "password"), ("username", "alice"), ("password", FrontDoor.PasswordOf("alice")), ("service", "127.0.0.1"),
            ("client_id", "test"),
            ("scope", "repository:team-a/x:pull repository:team-a/y:push"), ("scope", "repository:team-a/z:delete"));
        var reply = await RegistryClient.ReadToken(response);
        Assert.Equal(["repository:team-a/x:pull", "repository:team-a/y:push", "repository:team-a/z:delete"], AccessOf(reply));
        Assert.Equal("repository:team-a/x:pull repository:team-a/y:push repository:team-a/z:delete", reply.Scope);

        using var wrong = await client.PostToken(
            ("grant_type", "password"), ("username", "alice"), ("password", "wrong"), ("service", "127.0.0.1"));
        await wrong.ShouldFail(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        using var odd = await client.PostToken(("grant_type", "authorization_code"), ("service", "127.0.0.1"));
        await odd.ShouldFail(HttpStatusCode.BadRequest, "UNSUPPORTED");
    }

    [Fact]
    public async Task A_refresh_token_yields_only_itself_by_every_way_it_can_be_presented()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        using var first = await alice.RequestToken([], "&offline_token=true");
        var refresh = (await RegistryClient.ReadToken(first)).RefreshToken!;

        using var posted = await alice.PostToken(
            ("grant_type", "refresh_token"), ("refresh_token", refresh), ("service", "127.0.0.1"), ("scope", "repository:team-a/x:pull"),
            ("access_type", "offline"));
        Assert.Equal(refresh, (await RegistryClient.ReadToken(posted)).RefreshToken);
        foreach (var user in new[] { "_session", "<token>", "", "alice" })
        {
            using var client = new RegistryClient(door.DataUrl, user, refresh);
            using var response = await client.RequestToken(["repository:team-a/x:pull"], "&offline_token=true");
            var reply = await RegistryClient.ReadToken(response);
            Assert.Equal(refresh, reply.RefreshToken);
            Assert.Equal(["repository:team-a/x:pull"], AccessOf(reply));
        }
    }

    [Fact]
    public async Task A_refresh_token_is_nobody_else_s_password()
    {
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single((await lab.Registry).Url));
        using var alice = door.Client("alice");
        using var first = await alice.RequestToken([], "&offline_token=true");
        using var bob = new RegistryClient(door.DataUrl, "bob", (await RegistryClient.ReadToken(first)).RefreshToken!);
        using var refused = await bob.RequestToken([]);
        await refused.ShouldFail(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
    }

    [Fact]
    public async Task An_empty_password_is_refused_and_slows_nobody()
    {
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single((await lab.Registry).Url));
        using var empty = new RegistryClient(door.DataUrl, "alice", "");
        for (var i = 0; i < 60; i++)
        {
            using var refused = await empty.RequestToken([]);
            await refused.ShouldFail(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        }

        using var alice = door.Client("alice");
        using var let = await alice.RequestToken([]);
        await let.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Anonymous_never_gets_a_refresh_token()
    {
        var door = await lab.Door;
        using var client = door.Client();
        using var response = await client.RequestToken([], "&offline_token=true");
        Assert.Null((await RegistryClient.ReadToken(response)).RefreshToken);
    }

    [Fact]
    public async Task Another_service_is_refused_and_of_too_many_scopes_both_ends_count()
    {
        var door = await lab.Door;
        using var client = door.Client();
        using var service = await client.Send(HttpMethod.Get, "/token?service=other.example");
        await service.ShouldFail(HttpStatusCode.BadRequest, "UNSUPPORTED");
        using var scopes = await client.RequestToken(Enumerable.Range(0, Scope.MaxCount + 1).Select(i => $"repository:public/{i}:pull"));
        await scopes.ShouldBe(HttpStatusCode.OK);
        Assert.Equal(
            string.Join(' ', Enumerable.Range(0, Scope.MaxCount + 1).Where(i => i != Scope.MaxCount / 2)
                .Select(i => $"repository:public/{i}:pull")),
            (await RegistryClient.ReadToken(scopes)).Scope);
    }

    [Fact]
    public async Task Three_hundred_logins_at_once_with_one_account_all_succeed()
    {
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single((await lab.Registry).Url));
        using var alice = door.Client("alice");
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => alice.RequestToken([])));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Array.ForEach(answers, answer => answer.Dispose());
    }

    [Fact]
    public async Task The_key_set_is_public_and_holds_no_private_half()
    {
        var door = await lab.Door;
        using var client = door.Client();
        var keys = JsonDocument.Parse(await client.Http.GetStringAsync("/.well-known/jwks.json")).RootElement.GetProperty("keys");
        Assert.True(keys.GetArrayLength() >= 2);
        Assert.All(keys.EnumerateArray(), key => Assert.False(key.TryGetProperty("d", out _)));
    }

    private static List<string> AccessOf(TokenReply reply)
    {
        var payload = reply.Token!.Split('.')[1];
        var claims = JsonDocument.Parse(Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(payload))).RootElement;
        return [.. claims.GetProperty("access").EnumerateArray().Select(entry =>
            $"{entry.GetProperty("type")}:{entry.GetProperty("name")}:{string.Join(',', entry.GetProperty("actions").EnumerateArray())}")];
    }
}
