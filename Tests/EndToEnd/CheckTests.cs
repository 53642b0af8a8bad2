using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What <c>check</c> says beyond the errors of the file.</summary>
public sealed class CheckTests(Lab lab)
{
    [Fact]
    public async Task Explain_says_which_rule_decides_and_which_would_have_been_nearest()
    {
        using var folder = new TemporaryFolder();
        var config = await Config(folder);
        var allowed = await Check(config, "--explain", "tenant=acme&authenticator=staff&subject=alice&repository=team-a/app&action=push");
        allowed.ShouldSucceed();
        Assert.Contains("allowed: rule 'writers' grants it", allowed.Output);
        Assert.Contains("-> open: team-a/app", allowed.Output);

        var denied = await Check(config, "--explain", "--tenant", "acme", "--authenticator", "staff", "--subject", "carol", "--groups",
            "dev", "--repository", "team-a/app", "--action", "push");
        denied.ShouldFail("denied: no rule grants it; nearest is");
        var grouped = await Check(config, "--explain", "tenant=acme&subject=bob&repository=team-a/app&action=pull");
        grouped.ShouldSucceed();
        Assert.Contains("allowed: rule 'readers' grants it", grouped.Output);
        Assert.Contains("subject: bob of 'staff', groups: dev", grouped.Output);
        (await Check(config, "--explain", "tenant=acme&subject=zed&repository=public/app&action=pull")).ShouldFail(
            "denied: nobody is called 'zed' in 'staff': such a login is refused");
        (await Check(config, "--explain", "tenant=acme&authenticator=corp&subject=alice&repository=public/app&action=pull"))
            .ShouldFail("denied: tenant 'acme' has no authenticator 'corp'; it has 'staff'");
        Assert.Equal(1, denied.ExitCode);

        (await Check(config, "--explain", "tenant=nobody&repository=a&action=pull")).ShouldFail("there is no tenant 'nobody'");
        (await Check(config, "--explain", "tenant=acme&repository=UPPER&action=pull"))
            .ShouldFail("repository must be a repository name, which has no capital letters");
        (await Check(config, "--explain", "tenant=acme&repository=a/b:v1&action=pull")).ShouldFail("name, without a tag or digest");
        (await Check(config, "--explain", "tenant=acme&repository=a&action=pul"))
            .ShouldFail("action must be pull, push, delete or catalog; did you mean 'pull'?");
        (await Check(config, "--explain", "tenant=acne&repository=a&action=pull"))
            .ShouldFail("there is no tenant 'acne'; did you mean 'acme'?");
        (await Check(config, "--explain", "tenant=acme&repo=a&action=pull")).ShouldFail("'repo' is not known");
    }

    [Fact]
    public async Task Explain_of_a_tenant_whose_part_is_not_there_says_that_and_nothing_of_its_rules()
    {
        using var folder = new TemporaryFolder();
        var config = folder.Write("config.yaml", """
            upstreams: { hub: { url: "https://hub.example" } }
            authenticators: { corp: { type: aws-sts, accounts: ["123456789012"], serverId: x } }
            tenants:
              acme: { hosts: [a.example], publicUrl: "https://a.example", managed: true, mayUse: { authenticators: [corp] } }
            """);
        foreach (var who in new[] { "", "&authenticator=corp&subject=x" })
        {
            var answer = await Check(config, "--explain", $"tenant=acme{who}&repository=a&action=pull");
            answer.ShouldFail("denied: tenant 'acme' is managed: its part, with its routes and rules, is in the state");
            Assert.Equal(1, answer.ExitCode);
            Assert.DoesNotContain("no authenticator", answer.Output);
        }
    }

    [Fact]
    public async Task The_file_that_the_environment_names_is_checked()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("config.yaml", "upstreams: { hub: { url: nonsense } }");
        (await Shell.Run("dotnet", [FrontDoor.Dll, "check"], null, ("REGISTRYPROXY_CONFIG", file))).ShouldFail("upstreams.hub.url");
    }

    [Fact]
    public async Task Online_asks_every_upstream()
    {
        using var folder = new TemporaryFolder();
        var config = await Config(folder);
        var good = await Check(config, "--online");
        good.ShouldSucceed();
        Assert.Contains("ok    answers 401", good.Output);
        var away = folder.Write("away.yaml", DoorConfiguration.Single($"http://127.0.0.1:{FreePort.Next()}"));
        (await Check(away, "--online")).ShouldFail("local  FAIL");
    }

    [Fact]
    public async Task Online_says_which_step_fails()
    {
        using var folder = new TemporaryFolder();
        using var authority = TestCertificates.Authority("company");
        await using var untrusted = await PrivateRegistry.Start(authority.Issue("registry", "registry.corp"));
        await using var proxy = new ConnectProxy { Credentials = "me:other" };
        await using var failing = new RawUpstream((_, _) => "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
        await using var odd = new RawUpstream(
            (_, _) => "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"https://elsewhere.example/token\"\r\nContent-Length: 0\r\n\r\n");
        var config = folder.Write("config.yaml", $$"""
            upstreams:
              nameless: { url: "https://registry.corp.invalid" }
              private: { url: "http://127.0.0.1:1" }
              away: { url: "http://127.0.0.1:{{FreePort.Next()}}", allowPrivate: true }
              proxied: { url: "https://registry.corp.invalid", proxy: { url: "{{proxy.Url}}", username: me, password: { value: canary-proxy-password } } }
              untrusted: { url: "{{untrusted.Url}}", allowPrivate: true }
              failing: { url: "{{failing.Url}}", allowPrivate: true }
              odd: { url: "{{odd.Url}}", allowPrivate: true }
              refusing: { url: "{{(await lab.BasicRegistry).Url}}", allowPrivate: true, credentials: { type: basic, username: me, password: { value: wrong-canary } } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: odd }] } }
            """);
        var check = await Check(config, "--online");
        Assert.NotEqual(0, check.ExitCode);
        string[] expected =
        [
            "nameless   FAIL  DNS: its name does not resolve", "private    FAIL  address: ", "away       FAIL  TCP: connection refused",
            "proxied    FAIL  proxy: the proxy 127.0.0.1",
            "untrusted  FAIL  TLS: ", "failing    FAIL  HTTP: answers 500", "odd        FAIL  challenge: ",
            "refusing   FAIL  credential: it refuses user name and password (401)",
        ];
        Assert.All(expected, line => Assert.Contains(line, check.Output));
        Assert.Contains("upstreams.proxied.proxy.username", check.Output);
        Assert.DoesNotContain("canary", check.Output);
    }

    [Fact]
    public async Task Online_tries_directories_issuers_verifiers_and_redis_and_says_which_step_fails()
    {
        using var folder = new TemporaryFolder();
        var directory = await lab.Directory;
        await using var redis = await Redis.Start();
        await using var issuer = await TestIssuer.Start();
        await using var empty = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        var (reader, ldap) = ($"bindDn: \"{Slapd.Admin}\", bindPassword: {{ value: {Slapd.AdminPassword} }}",
            $"type: ldap, url: \"ldap://127.0.0.1:{directory.Port}\", allowPlaintext: true");
        const string oidc = "audience: door, require: { a: b }, allowPrivate: true";
        var config = folder.Write("config.yaml", $$"""
            revision: 1
            cluster: { provider: redis, redis: { connection: "{{redis.Connection}}" }, serviceId: s, clusterId: c }
            state: { provider: redis, redis: { connection: "127.0.0.1:{{FreePort.Next()}}" }, encryptionKeys: [{ id: k1, key: { value: "{{Convert.ToBase64String(new byte[32])}}" } }] }
            authenticators:
              people: { {{ldap}}, {{reader}}, baseDn: "dc=example" }
              wrong-reader: { {{ldap}}, bindDn: "{{Slapd.Admin}}", bindPassword: { value: canary-wrong }, baseDn: "dc=example" }
              nowhere: { {{ldap}}, {{reader}}, baseDn: "ou=nobody,dc=example" }
              dead: { type: ldap, url: "ldap://127.0.0.1:{{FreePort.Next()}}", allowPlaintext: true, {{reader}}, baseDn: "dc=example" }
              nameless: { type: ldap, url: "ldap://directory.corp.invalid", allowPlaintext: true, {{reader}}, baseDn: "dc=example" }
              plain: { type: ldap, url: "ldaps://127.0.0.1:{{directory.Port}}", {{reader}}, baseDn: "dc=example" }
              ci: { type: oidc, issuer: "{{issuer.Url}}", {{oidc}} }
              undiscovered: { type: oidc, issuer: "{{empty.Url}}", {{oidc}} }
              keyless: { type: oidc, issuer: "{{issuer.Url}}", jwks: "{{empty.Url}}/keys", {{oidc}} }
              fleet: { type: kubernetes, audience: door, allowPrivate: true, clusters: { a: { issuer: "{{issuer.Url}}" }, b: { issuer: "{{empty.Url}}" } } }
              verifier: { type: grpc, endpoint: "http://127.0.0.1:{{FreePort.Next()}}", allowPrivate: true }
            upstreams: { local: { url: "{{(await lab.Registry).Url}}", allowPrivate: true } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: local }] } }
            """);
        var check = await Check(config, "--online");
        Assert.NotEqual(0, check.ExitCode);
        Assert.All(new[]
        {
            "authenticator people        ok    takes bindDn and can be searched",
            "authenticator wrong-reader  FAIL  bind: the bind of the reader is refused with result code 49",
            "authenticator nowhere       FAIL  search: baseDn is not there",
            "authenticator dead          FAIL  TCP: connection refused", "authenticator nameless      FAIL  DNS: its name does not resolve",
            "authenticator plain         FAIL  T", "authenticator ci            ok    has 1 key(s)",
            "authenticator undiscovered  FAIL  discovery: ", "authenticator keyless       FAIL  keys: ",
            "authenticator fleet/a       ok    has 1 key(s)", "authenticator fleet/b       FAIL  discovery: ",
            "authenticator verifier      FAIL  TCP: connection refused", "cluster.redis               ok    answers in ",
            "state.redis                 FAIL  connection: ",
        }, line => Assert.Contains(line, check.Output));
        Assert.DoesNotContain("canary", check.Output);
    }

    [Fact]
    public async Task Strict_takes_warnings_for_errors()
    {
        using var folder = new TemporaryFolder();
        await FrontDoor.WriteUsers(folder);
        var odd = folder.Write("odd.yaml", DoorConfiguration.Single("https://registry.example").Replace("user:alice", "user:alise"));
        var lax = await Check(odd);
        lax.ShouldSucceed();
        Assert.Contains(": warning: tenants.acme.access[1].who[0]: 'staff' has no user 'alise'; did you mean 'alice'?", lax.Output);
        (await Check(odd, "--strict")).ShouldFail("which --strict takes for errors");
        (await Check(folder.Write("good.yaml", DoorConfiguration.Single("https://registry.example")), "--strict")).ShouldSucceed();
    }

    private async Task<string> Config(TemporaryFolder folder)
    {
        await FrontDoor.WriteUsers(folder);
        return folder.Write("config.yaml", DoorConfiguration.Shared(await lab.Registry, await lab.BasicRegistry));
    }

    private static Task<ShellResult> Check(string config, params string[] arguments) =>
        Shell.Run("dotnet", [FrontDoor.Dll, "check", "--config", config, .. arguments]);
}
