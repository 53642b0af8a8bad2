using System.Net;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Machine tokens of a tenant: who may what with them, and until when.</summary>
public sealed class RobotTests
{
    private const string Manifest = "/v2/apps/web/manifests/v1";

    private static readonly string[] Names = ["apps/web", "apps/db/main", "base/os", "public/tool", "named/x"];

    private static readonly string[] Patterns = ["apps/**", "apps/*", "*/*", "base/os", "named/**", "apps/db/*", "nowhere"];

    private static readonly string[] Actions = ["pull", "push", "delete", "catalog"];

    private static string Yaml(string upstream) => $$"""
        upstreams:
          local: { url: "{{upstream}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["127.0.0.1"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: local }]
            access:
              - { name: public, who: [anonymous], repositories: ["public/**"], actions: [pull] }
              - { name: people, who: [authenticated, "user:*", "subject:staff/*"], repositories: ["**"], actions: [pull, push] }
              - { name: named, who: ["robot:r*"], repositories: ["named/**"], actions: [delete] }
          other:
            hosts: [localhost]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: local }]
            access:
              - { name: public, who: [anonymous], repositories: ["public/**"], actions: [pull] }
              - { name: named, who: ["robot:r*"], repositories: ["named/**"], actions: [delete] }
        """;

    /// <summary>A robot that was made, its secrets in their order, and those of them that are live.</summary>
    private sealed record Made(
        string Tenant, string Name, string[] Repositories, string[] Actions, List<string> Secrets, List<string> Live);

    [Fact]
    public async Task Robots_may_what_they_were_made_for_and_what_rules_say_of_them_with_live_secrets_of_their_tenant_alone()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        var random = new Random(23);
        List<Made> robots = [];
        for (var i = 0; i < Sizes.Of(16, 200); i++)
        {
            robots.Add(await Make(door, random, i));
        }

        var (cases, wrong) = (0, new List<string>());
        foreach (var robot in robots)
        {
            foreach (var secret in robot.Secrets)
            {
                foreach (var tenant in new[] { "acme", "other" })
                {
                    var isGood = tenant == robot.Tenant && robot.Live.Contains(secret);
                    var granted = await Granted(door, tenant, $"robot${robot.Name}", secret);
                    cases++;
                    var expected = isGood ? Expected(robot) : null;
                    if (granted != expected)
                    {
                        wrong.Add($"{robot.Tenant}/{robot.Name} at {tenant}: {granted ?? "401"}, not {expected ?? "401"}");
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {cases}:\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public async Task What_is_wrong_with_a_robot_is_told_and_what_is_known_of_one_is_no_secret()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var admin = new RobotAdmin(door.AdminUrl);
        string[] pull = ["pull"], apps = ["apps/**"];
        foreach (var (order, saying) in new (object, string)[]
        {
            (new { name = "-x", repositories = apps, actions = pull }, "name"), (new { name = "x", actions = pull }, "repositories"),
            (new { name = "x", repositories = apps }, "actions"),
            (new { name = "x", repositories = apps, actions = new[] { "*" } }, "actions"),
            (new { name = "x", repositories = new[] { "A B" }, actions = pull }, "repositories"),
            (new { name = "x", repositories = apps, actions = pull, expires = "400d" }, "within a year"),
            (new { name = "x", repositories = apps, actions = pull, expires = "2020-01-01T00:00:00Z" }, "over already"),
            (new { name = "x", repositories = apps, actions = pull, expires = "soon" }, "expires"),
            (new { name = "x", repositories = apps, actions = pull, expiry = "1d" }, "the body must be"),
            (new { repositories = apps, actions = pull }, "the body must be"),
        })
        {
            var answer = await admin.Ask(HttpMethod.Post, "", order, HttpStatusCode.BadRequest);
            Assert.Contains(saying, answer.GetProperty("error").GetString());
        }

        var secret = await admin.Create("ci", apps, pull);
        Assert.Matches("^rpbot_[0-9a-f]{72}$", secret);
        await admin.Ask(HttpMethod.Post, "", new { name = "ci", repositories = apps, actions = pull }, HttpStatusCode.Conflict);
        Assert.NotNull(await Granted(door, "acme", "robot$ci", secret));
        var listed = (await admin.List())[0];
        Assert.Equal(("ci", "robot$ci", "operator"), (listed.GetProperty("name").GetString(), listed.GetProperty("user").GetString(),
            listed.GetProperty("createdBy").GetString()));
        Assert.True(listed.GetProperty("lastUsed").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddMinutes(-1));
        Assert.DoesNotContain(secret[6..], listed.ToString());
        Assert.Contains("\"rule\": \"robot:ci\"", await door.Admin(
            "/admin/explain?tenant=acme&authenticator=robot&subject=ci&repository=apps/web&action=pull"));
        await admin.Ask(HttpMethod.Delete, "/ci/secrets/0011223344556677", status: HttpStatusCode.NotFound);
        await admin.Ask(HttpMethod.Delete, $"/ci/secrets/{listed.GetProperty("secrets")[0].GetProperty("id").GetString()}",
            status: HttpStatusCode.Conflict);
        await admin.Ask(HttpMethod.Delete, "/nobody", status: HttpStatusCode.NotFound);
        await admin.Ask(HttpMethod.Post, "/nobody/rotate", status: HttpStatusCode.NotFound);
        using var none = new RobotAdmin(door.AdminUrl, "nowhere");
        await none.Ask(HttpMethod.Get, "", status: HttpStatusCode.NotFound);
        await Eventually.True(
            () => Task.FromResult(new[] { "\"event\":\"robot-create\"", "\"subject\":\"robot$ci\"" }.All(door.Log.Contains)),
            $"it is audited:\n{door.Log}");
        var id = listed.GetProperty("secrets")[0].GetProperty("id").GetString();
        await Eventually.True(
            () => System.Text.RegularExpressions.Regex.IsMatch(door.Log, $"\"event\":\"login\"[^\n]*\"reference\":\"{id}\""),
            "a login says by which secret it was");
        Assert.DoesNotContain(secret, door.Log);
    }

    [Fact]
    public async Task A_robot_that_is_revoked_or_whose_secret_ends_is_refused_at_every_gateway_within_five_seconds()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await SplitDoor.Start(Yaml(upstream.Url), gateways: 2);
        using var admin = new RobotAdmin(door.AdminUrl);
        var secret = await admin.Create("ci", ["apps/**"], ["pull"]);
        var first = await Use(door, "robot$ci", secret);
        var rotated = await admin.Rotate("ci");
        var second = await Use(door, "robot$ci", rotated);
        await ShouldBe(first, HttpStatusCode.OK);
        await admin.EndSecret("ci", (await admin.List())[0].GetProperty("secrets")[1].GetProperty("id").GetString()!);
        await ShouldBe(first, HttpStatusCode.Unauthorized);
        await ShouldBe(second, HttpStatusCode.OK);
        await admin.Revoke("ci");
        await ShouldBe(second, HttpStatusCode.Unauthorized);

        // Another of the same name is another robot.
        var again = await Use(door, "robot$ci", await admin.Create("ci", ["apps/**"], ["pull"]));
        await ShouldBe(again, HttpStatusCode.OK);
        await ShouldBe(second, HttpStatusCode.Unauthorized);
        again.ForEach(use => use.Client.Dispose());
        first.Concat(second).ToList().ForEach(use => use.Client.Dispose());
    }

    [Fact]
    public async Task Guesses_at_a_robot_hold_up_nobody_who_has_its_secret_and_a_robot_that_ends_says_so()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var admin = new RobotAdmin(door.AdminUrl);
        var secret = await admin.Create("ci", ["apps/**"], ["pull"]);
        using var ci = new RegistryClient(door.DataUrl, "robot$ci", secret);
        using (var known = await ci.RequestToken([]))
        {
            Assert.Equal(HttpStatusCode.OK, known.StatusCode);
        }

        using var guesser = new RegistryClient(door.DataUrl, "robot$ci", secret[..^1] + (secret[^1] == '0' ? '1' : '0'));
        var refused = 0;
        for (var i = 0; i < 150; i++)
        {
            using var guess = await guesser.RequestToken([]);
            refused += guess.StatusCode == HttpStatusCode.TooManyRequests ? 1 : 0;
            Assert.NotEqual(HttpStatusCode.OK, guess.StatusCode);
        }

        Assert.True(refused > 0, "guesses come to an end");
        using (var good = await ci.RequestToken([]))
        {
            Assert.Equal(HttpStatusCode.OK, good.StatusCode);
        }

        using var brief = new RegistryClient(door.DataUrl, "robot$brief", await admin.Create("brief", ["apps/**"], ["pull"], "1s"));
        await Eventually.True(
            async () =>
            {
                using var response = await brief.RequestToken([]);
                return response.StatusCode == HttpStatusCode.Unauthorized
                    && (await response.Content.ReadAsStringAsync()).Contains("expired: the robot ended at");
            },
            "it has ended", TimeSpan.FromSeconds(10));
    }

    private static async Task<Made> Make(FrontDoor door, Random random, int number)
    {
        var (tenant, name) = (random.Next(2) == 0 ? "acme" : "other", $"{(random.Next(2) == 0 ? 'r' : 's')}{number}");
        using var admin = new RobotAdmin(door.AdminUrl, tenant);
        string[] repositories = [.. random.GetItems(Patterns, random.Next(1, 3)).Distinct()];
        string[] actions = [.. random.GetItems(Actions, random.Next(1, 4)).Distinct()];
        List<string> secrets = [await admin.Create(name, repositories, actions)];
        for (var turns = random.Next(3); turns > 0; turns--)
        {
            secrets.Add(await admin.Rotate(name));
        }

        List<string> live = [.. secrets.TakeLast(2)];
        switch (random.Next(4))
        {
            case 0:
                await admin.Revoke(name);
                live.Clear();
                break;
            case 1:
                await admin.Revoke(name);
                live = [await admin.Create(name, repositories = ["base/os"], actions = ["pull"])];
                secrets.AddRange(live);
                break;
        }

        return new Made(tenant, name, repositories, actions, secrets, live);
    }

    /// <summary>What the rules and the robot itself say, in the order of the names.</summary>
    private static string Expected(Made robot)
    {
        var may = Names.Select(name =>
        {
            var isOwn = robot.Repositories.Any(pattern => RepositoryPattern.Parse(pattern).Matches(RepositoryName.Parse(name)));
            var granted = Actions.Take(3).Where(action => (isOwn && robot.Actions.Contains(action))

                // Who may push is let look what is there.
                || (isOwn && action == "pull" && robot.Actions.Contains("push"))
                || (action == "pull" && name.StartsWith("public/"))
                || (action == "delete" && name.StartsWith("named/") && robot.Name[0] == 'r'));
            return (name, actions: string.Join(',', granted));
        });
        return string.Join(' ', may.Where(one => one.actions.Length > 0).Select(one => $"{one.name}:{one.actions}")
            .Concat(robot.Actions.Contains("catalog") ? ["catalog"] : Array.Empty<string>()));
    }

    /// <summary>What a login gets of all that can be asked for; <c>null</c> when it is refused.</summary>
    private static async Task<string?> Granted(FrontDoor door, string tenant, string user, string secret)
    {
        var url = tenant == "acme" ? door.DataUrl : door.DataUrl.Replace("127.0.0.1", "localhost");
        var scopes = Names.Select(name => $"repository:{name}:pull,push,delete").Append("registry:catalog:*");
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"{url}/token?{string.Join('&', scopes.Select(scope => $"scope={Uri.EscapeDataString(scope)}"))}");
        request.Headers.Authorization = RegistryClient.Basic(user, secret);
        using var response = await http.SendAsync(request);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return null;
        }

        await response.ShouldBe(HttpStatusCode.OK);
        var token = (await RegistryClient.ReadToken(response)).Token!;
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.Split('.')[1]));
        return string.Join(' ', payload.RootElement.GetProperty("access").EnumerateArray().Select(entry =>
            entry.GetProperty("type").GetString() == "registry" ? "catalog"
            : $"{entry.GetProperty("name").GetString()}:" +
                string.Join(',', entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString()))));
    }

    /// <summary>A client at each gateway, with a token that was used there, and the same by <c>Basic</c>.</summary>
    private static async Task<List<(RegistryClient Client, string Token, string Basic)>> Use(SplitDoor door, string user, string secret)
    {
        List<(RegistryClient Client, string Token, string Basic)> uses = [];
        foreach (var url in door.Gateways)
        {
            var client = new RegistryClient(url, user, secret);
            uses.Add((client, await client.Token("repository:apps/web:pull"), RegistryClient.Basic(user, secret).ToString()));
        }

        await ShouldBe(uses, HttpStatusCode.OK);
        return uses;
    }

    private static async Task ShouldBe(List<(RegistryClient Client, string Token, string Basic)> uses, HttpStatusCode status)
    {
        foreach (var (client, token, basic) in uses)
        {
            await Eventually.True(
                async () =>
                {
                    using var byToken = await client.Send(HttpMethod.Get, Manifest, token);
                    using var byBasic = await client.Send(HttpMethod.Get, Manifest, null, null, ("Authorization", basic));
                    return byToken.StatusCode == status && byBasic.StatusCode == status;
                },
                $"a gateway answers {status}", TimeSpan.FromSeconds(5));
        }
    }
}
