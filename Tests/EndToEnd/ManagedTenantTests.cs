using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The administrators of a managed tenant keep its part in the state, over its own host.</summary>
public sealed class ManagedTenantTests
{
    private const string Good = """
        authenticators: [staff]
        routes: [{ prefix: "", upstream: local }]
        access:
          - { name: all, who: [authenticated], repositories: ["a/**"], actions: [pull] }
        """;

    private static string Yaml(string upstream) => $$"""
        state:
          provider: file
          file: { path: state }
          encryptionKeys: [{ id: k1, key: { value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" } }]
        upstreams: { local: { url: "{{upstream}}", allowPrivate: true }, other: { url: "{{upstream}}", allowPrivate: true } }
        authenticators: { staff: { type: htpasswd, file: htpasswd, groups: { admins: [alice] } } }
        tenants:
          acme:
            hosts: ["127.0.0.1"]
            administrators: ["group:staff/admins"]
            mayUse: { upstreams: [local], authenticators: [staff] }
            managed: true
          other:
            hosts: [localhost]
            administrators: ["user:staff/bob"]
            mayUse: { upstreams: [other], authenticators: [staff] }
            managed: true
        """;

    [Fact]
    public async Task A_part_is_made_changed_taken_back_and_there_after_a_restart()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var alice = await PartAdmin.Login(door.DataUrl, "alice");
        Assert.Equal(("", "\"0\""), await alice.Read());
        Assert.Equal(HttpStatusCode.Unauthorized, await Pull(door, "bob", "a/b"));
        var made = await alice.Write(Good);
        Assert.Equal((1, true), (made.GetProperty("version").GetInt64(), made.GetProperty("changed").GetBoolean()));
        await Eventually.True(async () => await Pull(door, "bob", "a/b") == HttpStatusCode.OK, "the part is in use");
        Assert.Equal(HttpStatusCode.Forbidden, await Pull(door, "bob", "c/d"));

        Assert.False((await alice.Write(Good)).GetProperty("changed").GetBoolean());
        var changed = await alice.Write(Good.Replace("a/**", "c/**"));
        Assert.Equal("~ access['all'].repositories[0]: a/** → c/**", changed.GetProperty("change").GetString());
        await Eventually.True(async () => await Pull(door, "bob", "a/b") == HttpStatusCode.Forbidden, "the change is in use");
        Assert.Equal(HttpStatusCode.OK, await Pull(door, "bob", "c/d"));

        await Eventually.True(() => Lines(door).Count == 2, "each change has its line");
        Assert.Equal("~ access['all'].repositories[0]: a/** → c/**", Text(Lines(door)[1], "reason"));
        Assert.Equal(("staff/alice", "acme", "2", "configuration-change"), (Text(Lines(door)[1], "administrator"),
            Text(Lines(door)[1], "tenant"), Text(Lines(door)[1], "reference"), Text(Lines(door)[1], "event")));
        await door.Restart();
        await Eventually.True(async () => await Pull(door, "bob", "c/d") == HttpStatusCode.OK, "the part is there again");
        using var again = await PartAdmin.Login(door.DataUrl, "alice");
        Assert.Contains("c/**", (await again.Read()).Yaml);
        Assert.Equal(Good, (await again.Read("version=1")).Yaml);
        var back = await again.Rollback(1);
        Assert.Equal(3, back.GetProperty("version").GetInt64());
        await Eventually.True(async () => await Pull(door, "bob", "a/b") == HttpStatusCode.OK, "the former part is in use");
        Assert.Equal(HttpStatusCode.Forbidden, await Pull(door, "bob", "c/d"));

        var history = await again.History();
        Assert.Equal([3, 2, 1], history.GetProperty("versions").EnumerateArray().Select(one => one.GetProperty("version").GetInt32()));
        Assert.All(history.GetProperty("versions").EnumerateArray(), one => Assert.Equal("staff/alice", one.GetProperty("by").GetString()));
        Assert.Equal(0, history.GetProperty("errors").GetArrayLength());
        Assert.Equal(404, (await again.Send(HttpMethod.Post, "/rollback", """{"version": 9}""")).Status);
        Assert.Equal(400, (await again.Send(HttpMethod.Post, "/rollback", """{"version": 1, "tenant": "other"}""")).Status);
        Assert.Equal(412, (await again.Send(HttpMethod.Post, "/rollback", """{"version": 2}""", "\"1-0\"")).Status);
        await Eventually.True(() => Lines(door).Count == 1, "so has the step back");
        Assert.Equal(("configuration-rollback", "to version 1: ~ access['all'].repositories[0]: c/** → a/**"),
            (Text(Lines(door)[0], "event"), Text(Lines(door)[0], "reason")));
    }

    [Fact]
    public async Task A_change_that_was_made_for_another_version_or_has_errors_changes_nothing()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var alice = await PartAdmin.Login(door.DataUrl, "alice");
        await alice.Write(Good);
        var (_, first) = await alice.Read();
        var changed = Good.Replace("a/**", "c/**");
        Assert.Equal(428, (await alice.Send(HttpMethod.Put, "", changed)).Status);
        Assert.Equal(200, (await alice.Send(HttpMethod.Put, "", changed, $"\"x\", {first}")).Status);
        var stale = await alice.Send(HttpMethod.Put, "", Good, first);
        Assert.Equal((412, (await alice.Read()).ETag), (stale.Status, stale.ETag));
        Assert.Equal(412, (await alice.Send(HttpMethod.Put, "", Good, $"W/{stale.ETag}")).Status);
        foreach (var (wrong, line, field) in new[]
        {
            (Good.Replace("upstream: local", "upstream: other"), 2, "routes[0].upstream"),
            (Good.Replace("[pull]", "[pul]"), 4, "access[0].actions[0]"), (Good.Replace("\"\",", "\"\", nonsense: 1,"), 2, "routes[0].nonsense"),
            ($"{Good}\nhosts: [x.example]", 5, "hosts"), ($"{Good}\n  bad", 5, ""), ("[]", 1, ""),
        })
        {
            foreach (var query in new[] { "", "check=true" })
            {
                var refused = await alice.Send(HttpMethod.Put, "", wrong, "*", query);
                Assert.True(refused.Status == 422, $"{wrong}: {refused.Status} {refused.Text}");
                var errors = JsonDocument.Parse(refused.Text).RootElement.GetProperty("errors").EnumerateArray().ToList();
                Assert.Contains(errors, error => error.GetProperty("detail").GetProperty("line").GetInt32() == line
                    && error.GetProperty("detail").GetProperty("field").GetString() == field);
            }
        }

        var check = await alice.Send(HttpMethod.Put, "", Good, query: "check=true");
        Assert.Equal(200, check.Status);
        Assert.Contains("c/** → a/**", JsonDocument.Parse(check.Text).RootElement.GetProperty("change").GetString());
        Assert.Equal((413, 400), ((await alice.Send(HttpMethod.Put, "", new string('#', 1024 * 1024 + 1), "*")).Status,
            (await alice.Send(HttpMethod.Put, "", Good, "*", "check=maybe")).Status));
        Assert.Equal((changed, stale.ETag), await alice.Read());
        Assert.Equal(2, (await alice.History()).GetProperty("versions").GetArrayLength());
    }

    [Fact]
    public async Task Secrets_are_never_shown_again_and_go_nowhere_else()
    {
        const string Canary = "s3cr3t-canary";
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var alice = await PartAdmin.Login(door.DataUrl, "alice");
        using var operators = new PartAdmin(door.AdminUrl);
        await alice.Write($$"""
            {{Good}}
            define:
              upstreams:
                mine: { url: "https://one.example", credentials: { type: basic, username: u, password: { value: {{Canary}} } } }
            """);
        var (shown, tag) = await alice.Read();
        var history = await alice.History();
        foreach (var text in new[] { shown, (await operators.Read()).Yaml, history.ToString(), tag })
        {
            Assert.DoesNotContain(Canary, text);
        }

        Assert.Contains("value: \"<kept>\"", shown);
        var moved = await alice.Send(HttpMethod.Put, "", shown.Replace("one.example", "thief.example"), tag);
        Assert.Equal(422, moved.Status);
        Assert.Contains("\"line\": 7", moved.Text);
        Assert.Equal(200, (await alice.Send(HttpMethod.Put, "", shown.Replace("a/**", "c/**"), tag)).Status);
        Assert.Equal(422, (await alice.Send(HttpMethod.Put, "", (await alice.Read()).Yaml.Replace("mine:", "other:"), "*")).Status);
        Assert.Contains("<kept>", (await alice.Read()).Yaml);
        await Eventually.True(() => Lines(door).Count == 2, "both changes have their lines");
        Assert.DoesNotContain(Canary, door.Log);
        Assert.All(
            Directory.EnumerateFiles(door.PathOf("state"), "*", SearchOption.AllDirectories).Where(file => !file.EndsWith("/lock")),
            file => Assert.DoesNotContain(Canary, File.ReadAllText(file)));
    }

    [Fact]
    public async Task Operators_have_the_same_and_what_they_take_away_is_mended_by_the_administrators()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var operators = new PartAdmin(door.AdminUrl);
        await operators.Write(Good);
        await Eventually.True(async () => await Pull(door, "bob", "a/b") == HttpStatusCode.OK, "the part is in use");
        door.WriteConfig(Yaml(upstream.Url).Replace("upstreams: [local]", "upstreams: [other]"));
        await Eventually.True(async () => await Pull(door, "bob", "a/b") == HttpStatusCode.ServiceUnavailable, "its hosts answer 503");
        Assert.Contains("\"faultyFiles\":1", await door.Readiness());
        using var alice = await PartAdmin.Login(door.DataUrl, "alice");
        var errors = (await alice.History()).GetProperty("errors");
        Assert.Equal(2, errors[0].GetProperty("line").GetInt32());
        await alice.Write(Good.Replace("local", "other"));
        await Eventually.True(async () => await Pull(door, "bob", "a/b") == HttpStatusCode.OK, "the mended part is in use");
        Assert.Equal(422, (await operators.Send(HttpMethod.Post, "/rollback", """{"version": 1}""")).Status);
        Assert.Equal(["staff/alice", "operator"],
            (await operators.History()).GetProperty("versions").EnumerateArray().Select(one => one.GetProperty("by").GetString()));
        Assert.Equal(404, (await new PartAdmin(door.AdminUrl, tenant: "nowhere").Send(HttpMethod.Get, "")).Status);
    }

    [Fact]
    public async Task Operators_drop_what_is_left_under_a_name_and_say_so_for_one_that_is_in_use()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var operators = new PartAdmin(door.AdminUrl);
        await operators.Write(Good);
        using var http = new HttpClient();
        foreach (var (path, status, said) in new[]
        {
            ("acme", 409, "?configured=true"), ("nobody", 404, "nothing under the name"), (new string('x', 300), 400, "256 characters"),
            ("acme?configured=true", 200, "\"versions\": 1"), ("acme?configured=true", 200, "\"versions\": 0"),
        })
        {
            using var response = await http.DeleteAsync($"{door.AdminUrl}/admin/tenants/{path}");
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Contains(said, await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(("", "\"0\""), await operators.Read());

        // Whose login came before is known still, and may nothing.
        await Eventually.True(
            async () => await Pull(door, "bob", "a/b") is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, "it is not in use");
        Assert.Contains("\"event\":\"tenant-remove\",\"tenant\":\"acme\"", door.Log);
        door.WriteConfig(Yaml(upstream.Url).Replace("  acme:", "  renamed:"));
        await Eventually.True(
            async () => (await http.DeleteAsync($"{door.AdminUrl}/admin/tenants/acme")).StatusCode == HttpStatusCode.NotFound,
            "nothing is left under the former name");
    }

    private static async Task<HttpStatusCode> Pull(FrontDoor door, string user, string repository)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Head, $"{door.DataUrl}/v2/{repository}/manifests/latest");
        request.Headers.Authorization = RegistryClient.Basic(user, FrontDoor.PasswordOf(user));
        using var response = await http.SendAsync(request);
        return response.StatusCode;
    }

    private static List<JsonElement> Lines(FrontDoor door) =>
        [.. door.Log.Split('\n').Where(line => line.Contains("\"event\":\"configuration-")).Select(line => JsonDocument.Parse(line).RootElement)];

    private static string? Text(JsonElement line, string name) => line.GetProperty(name).GetString();
}
