using System.Net;
using System.Security.Cryptography;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>
/// What a restart of the whole front door leaves: keys, sessions, refresh tokens and revocations, or, in memory, nothing.
/// </summary>
public sealed class RestartTests(Lab lab) : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private Redis _redis = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await Redis.Start();
        await FrontDoor.WriteUsers(_folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("file", true)]
    [InlineData("file", false)]
    [InlineData("redis", true)]
    [InlineData("redis", false)]
    public async Task Keys_sessions_refresh_tokens_and_revocations_survive(string provider, bool politely)
    {
        TokenReply alice, bob, carol;
        string live, revoked;
        await using (var door = await FrontDoor.Start(await Yaml(provider)))
        {
            using var robots = new RobotAdmin(door.AdminUrl);
            (live, revoked) = (await robots.Create("live", ["**"], ["pull"]), await robots.Create("revoked", ["**"], ["pull"]));
            await robots.Revoke("revoked");
            (alice, bob, carol) = (await Login(door, "alice"), await Login(door, "bob"), await Login(door, "carol"));
            await Revoke(door, "bob");
            Assert.Equal(HttpStatusCode.Unauthorized, await Use(door, bob));
            if (politely)
            {
                Assert.Equal(0, await door.Terminate());
            }
            else
            {
                door.Kill();
            }
        }

        await using (var door = await FrontDoor.Start(await Yaml(provider)))
        {
            Assert.Equal(HttpStatusCode.OK, await AsRobot(door, "live", live));
            Assert.Equal(HttpStatusCode.Unauthorized, await AsRobot(door, "revoked", revoked));
            Assert.Equal(HttpStatusCode.OK, await Use(door, alice));
            Assert.Equal(HttpStatusCode.OK, await Resume(door, alice));
            Assert.Equal(HttpStatusCode.Unauthorized, await Use(door, bob));
            Assert.Equal(HttpStatusCode.Unauthorized, await Resume(door, bob));
            var listed = await door.Admin("/admin/sessions?tenant=acme");
            Assert.True(listed.Contains("\"alice\"") || !politely, "the list of sessions may lose its last second to a kill, nothing else");
            Assert.DoesNotContain("\"bob\"", listed);
            await Revoke(door, "carol");
            Assert.Equal(HttpStatusCode.Unauthorized, await Use(door, carol));
        }
    }

    [Fact]
    public async Task In_memory_a_restart_ends_every_session_and_every_token()
    {
        TokenReply alice;
        await using (var door = await FrontDoor.Start(await Yaml("memory")))
        {
            alice = await Login(door, "alice");
        }

        await using (var door = await FrontDoor.Start(await Yaml("memory")))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await Use(door, alice));
            Assert.Equal(HttpStatusCode.Unauthorized, await Resume(door, alice));
        }
    }

    [Fact]
    public async Task With_another_key_nothing_is_overwritten_until_what_was_before_is_given_up()
    {
        TokenReply alice;
        await using (var door = await FrontDoor.Start(await Yaml("file")))
        {
            alice = await Login(door, "alice");
        }

        var other = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var yaml = (await Yaml("file")).Replace($"id: k1, key: {{ value: \"{_key}\" }}", $"id: k2, key: {{ value: \"{other}\" }}");
        await using (var door = await FrontDoor.StartUnready(yaml))
        {
            Assert.Contains("the key 'k1'", System.Text.RegularExpressions.Regex.Unescape(await door.Readiness()));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await Use(door, alice));
            Assert.Contains("ALARM", door.Log);
            Assert.DoesNotContain(other, door.Log);
        }

        await using (var door = await FrontDoor.Start(await Yaml("file")))
        {
            Assert.Equal(HttpStatusCode.OK, await Resume(door, alice));
        }

        await using (var door = await FrontDoor.Start(yaml.Replace("encryptionKeys:", "discardKeys: [k1]\n  encryptionKeys:")))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await Use(door, alice));
            Assert.Equal(HttpStatusCode.Unauthorized, await Resume(door, alice));
            Assert.Equal(HttpStatusCode.OK, await Use(door, await Login(door, "alice")));
        }
    }

    [Theory]
    [InlineData("{ file: nowhere }", "state.encryptionKeys: the secret file")]
    [InlineData("{ env: REGISTRYPROXY_TEST_NOWHERE }", "state.encryptionKeys: the environment variable REGISTRYPROXY_TEST_NOWHERE")]
    public async Task A_missing_key_ends_the_start_with_2_and_fails_the_check(string key, string saying)
    {
        var config = _folder.Write("config.yaml", (await Yaml("file")).Replace($"{{ value: \"{_key}\" }}", key));
        var start = await Shell.Run(
            "dotnet", [FrontDoor.Dll, "--config", config, "--listen-data", "http://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"]);
        Assert.Equal(2, start.ExitCode);
        start.ShouldFail(saying);
        (await Shell.Run("dotnet", [FrontDoor.Dll, "check", "--config", config])).ShouldFail(saying);
    }

    private static async Task<TokenReply> Login(FrontDoor door, string user)
    {
        using var client = door.Client(user);
        using var response = await client.RequestToken([], "&offline_token=true");
        await response.ShouldBe(HttpStatusCode.OK);
        return await RegistryClient.ReadToken(response);
    }

    private static async Task<HttpStatusCode> Use(FrontDoor door, TokenReply token)
    {
        using var client = door.Client();
        using var response = await client.Send(HttpMethod.Get, "/v2/", token.Token);
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> Resume(FrontDoor door, TokenReply token)
    {
        using var client = door.Client();
        using var response = await client.PostToken(
            ("grant_type", "refresh_token"), ("refresh_token", token.RefreshToken!), ("service", "127.0.0.1"));
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> AsRobot(FrontDoor door, string name, string secret)
    {
        using var client = new RegistryClient(door.DataUrl, $"robot${name}", secret);
        using var response = await client.RequestToken([]);
        return response.StatusCode;
    }

    private static async Task Revoke(FrontDoor door, string subject)
    {
        using var http = new HttpClient();
        using var content = new StringContent($$"""{"tenant":"acme","subject":"{{subject}}"}""");
        using var response = await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", content);
        Assert.Equal("1", System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("revoked")
            .ToString());
    }

    /// <summary>The password file stays the same over restarts: another salt would be another credential.</summary>
    private async Task<string> Yaml(string provider) => DoorConfiguration.Single((await lab.Registry).Url, extra: $$"""
        state:
          provider: {{provider}}
          file: { path: "{{_folder.File("state")}}" }
          redis: { connection: "{{_redis.Connection}}" }
          encryptionKeys: [{ id: k1, key: { value: "{{_key}}" } }]
        """).Replace("file: htpasswd", $"file: \"{_folder.File("htpasswd")}\"");
}
