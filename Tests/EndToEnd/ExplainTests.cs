using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What <c>explain</c> says is what happens over HTTP, for users of files and of directories; or it says what it lacks.</summary>
public sealed class ExplainTests
{
    private const int QuestionsOfOne = 60;

    private static readonly string[] Subjects = ["", "alice", "bob", "carol", "dave", "erin", "frank"];
    private static readonly string[] Actions = ["pull", "push", "delete", "catalog"];
    private static readonly string[] Who =
        ["anonymous", "authenticated", "\"user:staff/alice\"", "\"user:staff/b*\"", "\"group:staff/dev\"", "\"group:staff/*\"", "\"group:staff/ops\"",
            "\"authenticator:staff\"", "\"subject:staff/carol\"", "\"authenticator:corp\"", "\"group:corp/ops\"", "\"group:corp/*\"",
            "\"user:corp/e*\"", "\"user:corp/frank\"", "\"subject:corp/frank\""];

    private static readonly string[] Patterns = ["**", "a/**", "a/*", "*/b", "a/b", "c/**/d", "a", "b/x/y"];
    private static readonly string[] Names = ["a", "b", "a/b", "b/b", "c/d", "c/e/d", "c/e", "a/b/c", "b/x/y", "a/x"];
    private static readonly string[] Prefixes = ["\"\"", "a", "a/b", "c", "b/x"];

    [Fact]
    public async Task It_says_what_happens()
    {
        await using var upstream = await RecordingUpstream.Start(Answer);
        await using var directory = await Slapd.Start();
        var random = new Random(21);
        await using var door = await FrontDoor.Start(Configuration(random, upstream.Url, directory.Port, 0));
        using var http = new HttpClient();
        for (var round = 1; round <= Sizes.Of(4, 10_000 / QuestionsOfOne + 1); round++)
        {
            for (var i = 0; i < QuestionsOfOne; i++)
            {
                var (subject, repository, action) = (Pick(random, Subjects), Pick(random, Names), Pick(random, Actions));
                var said = JsonDocument.Parse(
                    await door.Admin($"/admin/explain?tenant=acme&subject={subject}&repository={repository}&action={action}")).RootElement;
                var expected = !said.GetProperty("allowed").GetBoolean() ? "denied"
                    : action != "catalog" && said.GetProperty("route").ValueKind == JsonValueKind.Null ? "lost" : "done";
                Assert.Equal(JsonValueKind.Null, said.GetProperty("lacks").ValueKind);
                Assert.True(
                    expected == await Query(http, door.DataUrl, subject, repository, action),
                    $"{subject} {action} {repository}: {said}\n{await File.ReadAllTextAsync(door.PathOf("config.yaml"))}");
            }

            door.WriteConfig(Configuration(random, upstream.Url, directory.Port, round));
            await Eventually.True(async () => (await door.Readiness()).Contains($"\"revision\":{round + 1}"),
                "the next configuration is in use");
            await Eventually.True(
                async () => await Query(http, door.DataUrl, "", $"marker{round}/x", "pull") == "done", "the gateway has it");
        }
    }

    [Fact]
    public async Task Of_directories_it_looks_up_the_groups_and_says_who_is_nobody_and_what_it_cannot_know()
    {
        await using var directory = await Slapd.Start();
        await using var door = await FrontDoor.Start($$"""
            upstreams: { local: { url: "http://127.0.0.1:1", allowPrivate: true } }
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
              corp: { type: ldap, url: "ldap://127.0.0.1:{{directory.Port}}", allowPlaintext: true, bindDn: "{{Slapd.Admin}}", bindPassword: { value: {{Slapd.AdminPassword}} }, baseDn: "ou=people,dc=example", groupBaseDn: "ou=groups,dc=example" }
              sso: { type: oidc, issuer: "https://idp.example", audience: a, require: { hd: acme.example } }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff, corp]
                routes: [{ prefix: "", upstream: local }]
                access: [{ name: ops, who: ["group:corp/ops"], repositories: ["**"], actions: [pull] }]
              other:
                hosts: [other.example]
                publicUrl: https://other.example
                authenticators: [sso]
                routes: [{ prefix: "", upstream: local }]
                access: [{ name: dev, who: ["group:dev"], repositories: ["**"], actions: [pull] }]
            """);
        Assert.Equal(("True", "corp", ""), await Explain(door, "tenant=acme&subject=ERIN"));
        Assert.Equal(("False", "corp", ""), await Explain(door, "tenant=acme&subject=frank&groups=ops"));
        Assert.Equal(("False", "", ""), await Explain(door, "tenant=acme&subject=zed"));
        Assert.Equal(("False", "", ""), await Explain(door, "tenant=acme&authenticator=corp&subject=alice"));
        var (allowed, _, lacks) = await Explain(door, "tenant=other&subject=alice&groups=dev");
        Assert.Equal("True", allowed);
        Assert.Contains("is known when it logs in", lacks);
        Assert.Equal(("False", "", ""), await Explain(door, "tenant=other&subject=alice&groups=dev&claim.hd=evil"));
        directory.Kill();
        (_, _, lacks) = await Explain(door, "tenant=acme&subject=erin");
        Assert.Contains("does not answer", lacks);
    }

    /// <summary>A login asks a directory of the tenant's own last, whose server nobody reaches here.</summary>
    [Fact]
    public async Task Who_is_in_several_is_who_a_login_finds()
    {
        await using var door = await FrontDoor.StartBeside(
            """
            upstreams: { local: { url: "http://127.0.0.1:1", allowPrivate: true } }
            authenticators: { staff: { type: htpasswd, file: htpasswd } }
            tenants: { acme: { hosts: ["*"], mayUse: { upstreams: [local], authenticators: [staff] }, file: acme.yaml } }
            """,
            new Dictionary<string, string>
            {
                ["acme.yaml"] = """
                    define: { authenticators: { own: { type: ldap, url: "ldaps://directory.invalid", userDn: "uid={0},dc=example" } } }
                    authenticators: [own, staff]
                    routes: [{ prefix: "", upstream: local }]
                    access: [{ name: staff, who: ["authenticator:staff"], repositories: ["**"], actions: [pull] }]
                    """,
            });
        Assert.Equal(("True", "staff", ""), await Explain(door, "tenant=acme&subject=alice"));
        Assert.NotEmpty((await Explain(door, "tenant=acme&subject=zed")).Lacks);
    }

    [Fact]
    public async Task Nobody_has_a_user_name_that_means_a_token()
    {
        await using var directory = await Slapd.Start();
        await directory.Modify("dn: uid=_svc,ou=people,dc=example\nchangetype: add\nobjectClass: inetOrgPerson\nuid: _svc\ncn: _svc\nsn: _svc\n" +
            "userPassword: canary\n");
        await using var door = await FrontDoor.Start($$"""
            upstreams: { local: { url: "http://127.0.0.1:1", allowPrivate: true } }
            authenticators:
              corp: { type: ldap, url: "ldap://127.0.0.1:{{directory.Port}}", allowPlaintext: true, bindDn: "{{Slapd.Admin}}", bindPassword: { value: {{Slapd.AdminPassword}} }, baseDn: "ou=people,dc=example" }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [corp]
                routes: [{ prefix: "", upstream: local }]
                access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull] }]
            """);
        Assert.Equal(("True", "corp", ""), await Explain(door, "tenant=acme&subject=erin"));
        foreach (var subject in new[] { "_svc", "%3Ctoken%3E" })
        {
            Assert.Equal(("False", "", ""), await Explain(door, $"tenant=acme&subject={subject}"));
            Assert.Equal(("False", "", ""), await Explain(door, $"tenant=acme&subject={subject}&authenticator=corp"));
        }

        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.DataUrl}/token?service=127.0.0.1&scope=repository:a/b:pull");
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("_svc:canary")));
        using var response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    private static async Task<(string Allowed, string Authenticator, string Lacks)> Explain(FrontDoor door, string question)
    {
        var answer = JsonDocument.Parse(await door.Admin($"/admin/explain?{question}&repository=a/b&action=pull")).RootElement;
        return ($"{answer.GetProperty("allowed").GetBoolean()}", answer.GetProperty("authenticator").GetString() ?? "",
            answer.GetProperty("lacks").GetString() ?? "");
    }

    /// <summary>What comes of it: <c>done</c>, <c>denied</c>, or <c>lost</c> where no route leads.</summary>
    private static async Task<string> Query(HttpClient http, string url, string subject, string repository, string action)
    {
        var token = await Token(http, url, subject, action == "catalog" ? "registry:catalog:*" : $"repository:{repository}:{action}");
        var (method, path) = action switch
        {
            "pull" => (HttpMethod.Get, $"{repository}/manifests/v1"),
            "push" => (HttpMethod.Post, $"{repository}/blobs/uploads/"),
            "delete" => (HttpMethod.Delete, $"{repository}/manifests/sha256:{new string('0', 64)}"),
            _ => (HttpMethod.Get, "_catalog"),
        };
        using var request = new HttpRequestMessage(method, $"{url}/v2/{path}");
        request.Headers.Authorization = new("Bearer", token);
        using var response = await http.SendAsync(request);
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => "denied",
            HttpStatusCode.NotFound => "lost",
            _ when response.IsSuccessStatusCode => "done",
            _ => $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}",
        };
    }

    private static async Task<string> Token(HttpClient http, string url, string subject, string scope)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{url}/token?service=127.0.0.1&scope={scope}");
        if (subject.Length > 0)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{subject}:{PasswordOf(subject)}")));
        }

        using var response = await http.SendAsync(request);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("token").GetString()!;
    }

    private static string PasswordOf(string subject) =>
        subject is "erin" or "frank" ? Slapd.PasswordOf(subject) : FrontDoor.PasswordOf(subject);

    private static Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        context.Response.StatusCode = context.Request.Method switch { "POST" or "DELETE" => 202, _ => 200 };
        context.Response.Headers.Location = context.Request.Method == "POST" ? $"{path}1" : default;
        context.Response.ContentType = path.EndsWith("/_catalog", StringComparison.Ordinal) ? "application/json"
            : "application/vnd.oci.image.manifest.v1+json";
        return context.Request.Method != "GET" ? Task.CompletedTask
            : context.Response.WriteAsync(
                path.EndsWith("/_catalog", StringComparison.Ordinal) ? """{"repositories":["a/b"]}""" : """{"schemaVersion":2}""");
    }

    /// <summary>Rules, routes and groups by chance; a rule of its own says which one is in use.</summary>
    private static string Configuration(Random random, string upstream, int directory, int round)
    {
        var rules = Enumerable.Range(0, random.Next(1, 7)).Select(i =>
            $"      - {{ name: r{i}, who: [{Some(random, Who, 2)}], repositories: [{Some(random, Patterns, 2, quote: true)}], actions: " +
            $"[{Some(random, Actions, 3)}]{(random.Next(6) == 0 ? ", when: { region: eu }" : "")} }}");
        var routes = Prefixes.Where(_ => random.Next(3) > 0).Append($"marker{round}")
            .Select(prefix => $"      - {{ prefix: {prefix}, upstream: local }}");
        return $$"""
            revision: {{round + 1}}
            upstreams:
              local: { url: "{{upstream}}", allowPrivate: true }
            authenticators:
              staff: { type: htpasswd, file: htpasswd, groups: { dev: [{{Some(random, ["alice", "bob", "carol"], 2)}}], ops: [{{Some(random, ["bob", "dave"], 1)}}] } }
              corp: { type: ldap, url: "ldap://127.0.0.1:{{directory}}", allowPlaintext: true, bindDn: "{{Slapd.Admin}}", bindPassword: { value: {{Slapd.AdminPassword}} }, baseDn: "ou=people,dc=example", groupBaseDn: "ou=groups,dc=example" }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [staff, corp]
                routes:
            {{string.Join('\n', routes)}}
                access:
                  - { name: marker, who: [anonymous], repositories: ["marker{{round}}/x"], actions: [pull] }
            {{string.Join('\n', rules)}}
            """;
    }

    private static string Some(Random random, string[] of, int most, bool quote = false) =>
        string.Join(", ", Enumerable.Range(0, random.Next(1, most + 1)).Select(_ => Pick(random, of)).Distinct()
            .Select(one => quote ? $"\"{one}\"" : one));

    private static T Pick<T>(Random random, T[] of) => of[random.Next(of.Length)];
}
