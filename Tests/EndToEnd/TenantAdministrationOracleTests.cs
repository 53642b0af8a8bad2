using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The administration of tenants, as requests on their hosts see it: for their administrators, never for anybody else.</summary>
public sealed partial class TenantAdministrationOracleTests
{
    private static readonly string[] People = ["alice", "bob", "carol", "robot$ci"];

    private static readonly string[] Tenants = ["acme", "other"];

    /// <summary>What is revoked comes first: logins of one identity may share a session.</summary>
    private static readonly string[] Kinds =
        ["revoked", "none", "administer", "plain", "foreign scope", "refreshed", "anonymous", "cut", "turned", "basic", "two"];

    private static readonly string[] Verbs = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

    /// <summary>Addresses, and what each verb that is taken answers to an administrator.</summary>
    private static readonly Dictionary<string, Dictionary<string, int>> Addresses = new()
    {
        ["explain?repository=a/b&action=pull&subject=carol"] = new() { ["GET"] = 200 },
        ["explain?repository=a/b&action=pull&tenant=nowhere"] = new() { ["GET"] = 400 },
        ["explain"] = new() { ["GET"] = 400 },
        ["sessions"] = new() { ["GET"] = 200 },
        ["audit"] = new() { ["GET"] = 200 },
        ["audit?since=2027-01-01T00:00:00Z"] = new() { ["GET"] = 200 },
        ["audit?since=then"] = new() { ["GET"] = 400 },
        ["audit?tenant=other2"] = new() { ["GET"] = 400 },
        ["usage"] = new() { ["GET"] = 200 },
        ["usage?tenant=nowhere"] = new() { ["GET"] = 400 },
        ["history"] = new() { ["GET"] = 200 },
        ["history?tenant=nowhere"] = new() { ["GET"] = 400 },
        ["upstreams"] = new() { ["GET"] = 200 },
        ["upstreams?limit=1"] = new() { ["GET"] = 400 },
        ["sessions?limit=2"] = new() { ["GET"] = 200 },
        ["sessions?limit=0"] = new() { ["GET"] = 400 },
        ["sessions/revoke"] = new() { ["POST"] = 400 },
        ["robots"] = new() { ["GET"] = 200, ["POST"] = 400 },
        ["robots?tenant=nowhere"] = new() { ["GET"] = 400, ["POST"] = 400 },
        ["robots/nobody"] = new() { ["DELETE"] = 404 },
        ["robots/nobody/rotate"] = new() { ["POST"] = 404 },
        ["robots/nobody/secrets/00"] = new() { ["DELETE"] = 404 },
        ["robots/ci?tenant=nowhere"] = new() { ["DELETE"] = 400 },
        ["robots/ci?name=ci"] = new() { ["DELETE"] = 400 },
        ["robots/ci/rotate?tenant=nowhere"] = new() { ["POST"] = 400 },
        ["robots/ci/secrets/00?tenant=nowhere"] = new() { ["DELETE"] = 400 },
        ["sessions/revoke?tenant=nowhere"] = new() { ["POST"] = 400 },
        ["configuration"] = new() { ["GET"] = 200, ["PUT"] = 428 },
        ["configuration?check=maybe"] = new() { ["GET"] = 400, ["PUT"] = 400 },
        ["configuration?version=1"] = new() { ["GET"] = 200, ["PUT"] = 400 },
        ["configuration?version=99"] = new() { ["GET"] = 404, ["PUT"] = 400 },
        ["configuration?tenant=nowhere"] = new() { ["GET"] = 400, ["PUT"] = 400 },
        ["configuration?nothing=1"] = new() { ["GET"] = 400, ["PUT"] = 400 },
        ["configuration/history"] = new() { ["GET"] = 200 },
        ["configuration/history?version=1"] = new() { ["GET"] = 400 },
        ["configuration/rollback"] = new() { ["POST"] = 400 },
        ["configuration/rollback?version=1"] = new() { ["POST"] = 400 },
        ["configuration/"] = [],
        ["audit?limit=1"] = new() { ["GET"] = 200 },
        ["caches"] = [],
        ["robots/"] = new() { ["DELETE"] = 404 },
        [""] = [],
        ["sessions/"] = [],
    };

    private static string Yaml(string upstream) => $$"""
        upstreams: { local: { url: "{{upstream}}", allowPrivate: true } }
        authenticators: { staff: { type: htpasswd, file: htpasswd, groups: { admins: [alice] } } }
        tenants:
          acme:
            hosts: ["127.0.0.1"]
            authenticators: [staff]
            administrators: ["group:staff/admins"]
            routes: [{ prefix: "", upstream: local }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull, push] }]
          other:
            hosts: [localhost]
            authenticators: [staff]
            administrators: ["user:staff/bob"]
            routes: [{ prefix: "", upstream: local }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull, push] }]
        """;

    [Fact]
    public async Task Nobody_but_the_administrators_of_a_tenant_and_never_another_ones()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Managed(upstream.Url));
        await WriteParts(door);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Dictionary<(string Who, string At, string Kind), string> credentials = [];
        foreach (var at in Tenants)
        {
            using var admin = new RobotAdmin(door.AdminUrl, at);
            var robot = await admin.Create("ci", ["**"], ["pull", "push"]);
            foreach (var (who, kind) in from who in People from kind in Kinds select (who, kind))
            {
                var secret = who == "robot$ci" ? robot : FrontDoor.PasswordOf(who);
                credentials[(who, at, kind)] = await Credential(http, door, who, secret, at, kind);
            }
        }

        var alice = credentials[("alice", "acme", "administer")];
        await Eventually.True(
            async () => await Send(http, $"{door.DataUrl}/admin/audit", "GET", alice, "administer") == 200, "all gateways are known");
        var robots = await RobotsAndParts(door);
        var (random, wrong, allowed, count) = (new Random(2311), new List<string>(), 0, Sizes.Of(1500, 50_000));
        for (var i = 0; i < count; i++)
        {
            var (who, got, at) = (Pick(random, People), Pick(random, Tenants), Pick(random, Tenants));
            var (kind, address, verb) = (Pick(random, Kinds), Pick(random, [.. Addresses.Keys]), Pick(random, Verbs));
            if (i % 3 == 0)
            {
                (who, got, kind) = (at == "acme" ? "alice" : "bob", at, "administer");
                verb = Addresses[address].Keys.Append(verb).First();
            }

            var (expected, status) = (Expected(who, got, at, kind, address, verb), 429);
            await Eventually.True(async () =>
            {
                status = await Send(http, $"{Url(door, at)}/admin/{address}", verb, credentials[(who, got, kind)], kind);
                return status != 429 || expected == 401;
            }, "an administrator who asks for much is let in again");
            allowed += expected < 300 ? 1 : 0;
            if (status != expected)
            {
                wrong.Add($"{who} {kind} of {got} at {at}: {verb} /admin/{address}: {status}, not {expected}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count}:\n{string.Join('\n', wrong.Distinct().Take(40))}");
        Assert.True(allowed > count / 50, $"{allowed}");
        Assert.Equal(robots, await RobotsAndParts(door));
    }

    [Fact]
    public async Task An_administrator_makes_robots_ends_sessions_and_asks_why_and_each_change_has_its_line()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var token = await Token(http, door, "acme", "alice", FrontDoor.PasswordOf("alice"), "tenant:acme:administer");
        var made = await Ask(HttpMethod.Post, "robots", """{"name":"ci","repositories":["apps/**"],"actions":["pull"]}""", 201);
        var secret = made.GetProperty("secret").GetString()!;
        Assert.Equal("staff/alice", made.GetProperty("createdBy").GetString());
        Assert.NotEmpty(await Token(http, door, "acme", "robot$ci", secret, "repository:apps/web:pull"));
        Assert.True((await Ask(HttpMethod.Get, "explain?subject=carol&repository=a/b&action=pull", null, 200)).GetProperty("allowed").GetBoolean());
        var bob = await Token(http, door, "acme", "bob", FrontDoor.PasswordOf("bob"), "repository:apps/web:pull");
        Assert.Equal(HttpStatusCode.OK, await Get(bob));
        Assert.Equal(1, (await Ask(HttpMethod.Post, "sessions/revoke", """{"subject":"bob"}""", 200)).GetProperty("revoked").GetInt32());
        Assert.Equal(HttpStatusCode.Unauthorized, await Get(bob));
        var usage = await Ask(HttpMethod.Get, "usage", null, 200);
        Assert.Equal(1, usage.GetProperty("robots").GetInt32());
        Assert.True(usage.GetProperty("sessions").GetInt32() > 0);
        await Ask(HttpMethod.Delete, "robots/ci", null, 200);
        await Eventually.True(() => Lines().Count >= 3, "each change has its line");
        Assert.Equal(["robot-create", "revoke", "robot-revoke"], Lines());
        Assert.DoesNotContain(secret, door.Log);

        await Token(http, door, "other", "bob", FrontDoor.PasswordOf("bob"), "repository:a/b:pull");
        JsonElement audit = default;
        await Eventually.True(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.DataUrl}/admin/audit?since=2020-01-01T00:00:00Z");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await http.SendAsync(request);
            audit = response.IsSuccessStatusCode ? JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement : audit;
            return response.IsSuccessStatusCode && audit.ToString().Contains("robot-revoke");
        }, "the audit lines are gathered");
        Assert.Contains("robot-revoke", await door.Admin("/admin/audit?tenant=acme"));
        Assert.DoesNotContain("robot-revoke", await door.Admin("/admin/audit?tenant=other"));
        Assert.Contains("\"requestsPerSecond\"", await door.Admin("/admin/usage?tenant=acme"));
        Assert.Equal((1, 0), (audit.GetProperty("gateways").GetInt32(), audit.GetProperty("silent").GetInt32()));
        Assert.True(audit.GetProperty("completeSince").GetDateTimeOffset() <= DateTimeOffset.UtcNow);
        Assert.All(audit.GetProperty("lines").EnumerateArray(), line => Assert.Equal("acme", line.GetProperty("tenant").GetString()));
        Assert.Contains(audit.GetProperty("lines").EnumerateArray(), line => line.GetProperty("event").GetString() == "robot-create");

        List<string?> Lines() =>
        [
            .. door.Log.Split('\n').Where(line => line.Contains("\"administrator\":\"staff/alice\""))
                .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("event").GetString()),
        ];

        async Task<JsonElement> Ask(HttpMethod method, string path, string? body, int status)
        {
            using var request = new HttpRequestMessage(method, $"{door.DataUrl}/admin/{path}");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode == status, $"{path}: {(int)response.StatusCode} {text}");
            return JsonDocument.Parse(text).RootElement;
        }

        async Task<HttpStatusCode> Get(string bearer)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.DataUrl}/v2/");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
            using var response = await http.SendAsync(request);
            return response.StatusCode;
        }
    }

    /// <summary>What somebody would say who knows the contract alone.</summary>
    private static int Expected(string who, string got, string at, string kind, string address, string verb)
    {
        if (kind != "administer" || got != at || (who, at) is not (("alice", "acme") or ("bob", "other")))
        {
            return 401;
        }

        var taken = Addresses[address];
        return taken.TryGetValue(verb, out var status) ? status : taken.Count == 0 ? 404 : 405;
    }

    private static async Task<string> Credential(HttpClient http, FrontDoor door, string who, string secret, string at, string kind)
    {
        var own = $"tenant:{at}:administer";
        switch (kind)
        {
            case "none" or "basic":
                return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{who}:{secret}"));
            case "plain":
                return await Token(http, door, at, who, secret, "repository:a/b:pull");
            case "foreign scope":
                return await Token(http, door, at, who, secret, $"tenant:{(at == "acme" ? "other" : "acme")}:administer");
            case "refreshed":
                var refresh = (await Login(http, door, at, who, secret, "repository:a/b:pull&offline_token=true"))
                    .GetProperty("refresh_token").GetString()!;
                return await Token(http, door, at, "_session", refresh, own);
            case "anonymous":
                return await Token(http, door, at, null, "", own);
            case "cut":
                return (await Token(http, door, at, who, secret, own))[..^5];
            case "turned":
                var signature = (await Token(http, door, at, who, secret, "repository:a/b:pull")).Split('.')[2];
                return string.Join('.', (await Token(http, door, at, who, secret, own)).Split('.')[..2].Append(signature));
            case "revoked":
                var token = await Token(http, door, at, who, secret, own);
                await Revoke(http, door, at, token);
                return token;
            default:
                return await Token(http, door, at, who, secret, own);
        }
    }

    private static async Task Revoke(HttpClient http, FrontDoor door, string tenant, string token)
    {
        var session = new JsonWebToken(token).GetPayloadValue<string>("sid");
        using var body = JsonContent.Create(new { tenant, session });
        using var response = await http.PostAsync($"{door.AdminUrl}/admin/sessions/revoke", body);
        await response.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<int> Send(HttpClient http, string url, string verb, string credential, string kind)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), url);
        request.Headers.TryAddWithoutValidation("Authorization", kind switch
        {
            "none" => [],
            "basic" => [$"Basic {credential}"],
            "two" => [$"Bearer {credential}", $"Bearer {credential}"],
            _ => (string[])[$"Bearer {credential}"],
        });
        using var response = await http.SendAsync(request);
        return (int)response.StatusCode;
    }

    private static async Task<string> Token(HttpClient http, FrontDoor door, string at, string? who, string secret, string scope) =>
        (await Login(http, door, at, who, secret, scope)).GetProperty("token").GetString()!;

    private static async Task<JsonElement> Login(HttpClient http, FrontDoor door, string at, string? who, string secret, string scope)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Url(door, at)}/token?scope={scope}");
        request.Headers.Authorization = who is null ? null : RegistryClient.Basic(who, secret);
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{who} at {at}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static string Url(FrontDoor door, string tenant) =>
        tenant == "acme" ? door.DataUrl : door.DataUrl.Replace("127.0.0.1", "localhost");

    private static string Pick(Random random, string[] all) => all[random.Next(all.Length)];
}
