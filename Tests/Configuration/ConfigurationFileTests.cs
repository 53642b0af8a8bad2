using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    internal const string Good = """
        tokens: { accessLifetime: 5m, refreshLifetime: 12h, keyRotation: 24h }
        listen: { trustedProxies: ["10.0.0.0/8"] }
        upstreams:
          gcr: { url: "https://gcr.io", redirects: pass, redirectHosts: ["*.storage.example"] }
          hub: { url: "https://registry-1.docker.io", officialPrefix: library, credentials: { type: basic, username: me, password: { env: HUB } }, realms: ["https://auth.docker.io/token"] }
        authenticators:
          staff: { type: htpasswd, file: htpasswd, groups: { dev: [alice, bob] } }
        tenants:
          acme:
            hosts: [Docker.acme.example]
            publicUrl: https://docker.acme.example
            authenticators: [staff]
            routes:
              - { prefix: "", upstream: gcr, rewrite: acme-project }
              - { prefix: hub, upstream: [hub] }
            namespaces: { docker.io: hub, gcr.io: "" }
            access:
              - { name: public, who: [anonymous], repositories: ["public/**"], actions: [pull] }
              - { name: developers, who: ["group:staff/dev", "user:alice"], when: { region: [eu-*, us-east-1], zone: a }, repositories: ["team-a/**"], actions: [pull, push, delete] }
        """;

    private readonly TemporaryFolder _folder = new();

    public ConfigurationFileTests() =>
        _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");

    [Fact]
    public void Gateways_read_from_each_other_over_mutual_tls_what_they_cache_or_not_at_all()
    {
        var errors = Parse(Good.Replace("trustedProxies: [\"10.0.0.0/8\"]", "peer: \"http://0.0.0.0:5002\"")).Errors;
        Assert.All(errors, error => Assert.Equal(("listen.peer", 2), (error.Field, error.Line)));
        Assert.Collection(
            errors,
            error => Assert.StartsWith("must be https://", error.Message),
            error => Assert.StartsWith("needs cluster.tls", error.Message),
            error => Assert.StartsWith("needs cache", error.Message));
    }

    [Fact]
    public void A_good_file_becomes_records()
    {
        var result = Parse(Good);
        Assert.Empty(result.Errors);
        var configuration = result.Snapshot!.Configuration;
        Assert.Equal(TimeSpan.FromMinutes(5), configuration.Tokens.AccessLifetime);
        Assert.Equal(RedirectMode.Pass, configuration.Upstreams["gcr"].Redirects);
        Assert.Equal("me", Assert.IsType<BasicCredentials>(configuration.Upstreams["hub"].Credentials).Username);
        var tenant = configuration.Tenants["acme"];
        Assert.Equal(["docker.acme.example"], tenant.Hosts);
        Assert.Equal("hub", tenant.Namespaces["docker.io"]);
        var rule = tenant.Access[1];
        Assert.Equal([new AccessSubject(AccessSubjectKind.Group, "staff", "dev"),
            new AccessSubject(AccessSubjectKind.User, "staff", "alice")], rule.Who);
        Assert.Equal(["eu-*", "us-east-1"], rule.When["region"]);
        Assert.Equal(RepositoryActions.Pull | RepositoryActions.Push | RepositoryActions.Delete, rule.Actions);
        Assert.Equal(12, result.Snapshot.Version.Length);
    }

    [Theory]
    [InlineData("accessLifetime: 5m", "accessLifetime: 30s", 1, "tokens.accessLifetime", "1m")]
    [InlineData("accessLifetime: 5m", "accessLifetime: 5", 1, "tokens.accessLifetime", "duration")]
    [InlineData("keyRotation: 24h", "keyRotation: 6m", 1, "tokens.keyRotation", "10m")]
    [InlineData("10.0.0.0/8", "10.0.0.0/99", 2, "listen.trustedProxies[0]", "network")]
    [InlineData("trustedProxies: [\"10.0.0.0/8\"]", "proxyProtocol: true", 2, "listen.proxyProtocol", "needs listen.trustedProxies")]
    [InlineData("https://gcr.io", "https://gcr.io/path", 4, "upstreams.gcr.url", "nothing behind it")]
    [InlineData("https://gcr.io", "https://user:pw@gcr.io", 4, "upstreams.gcr.url", "http")]
    [InlineData("redirects: pass", "redirects: maybe", 4, "upstreams.gcr.redirects", "follow or pass")]
    [InlineData("redirects: pass", "preset: dockerhub", 4, "upstreams.gcr.preset", "docker-hub, ghcr, quay")]
    [InlineData("redirects: pass", "preset: quay", 4, "upstreams.gcr.url", "set by the preset 'quay'")]
    [InlineData("redirects: pass", "preset: artifact-registry", 4, "upstreams.gcr.url", "europe-docker.pkg.dev")]
    [InlineData("redirects: pass", "sharesContentWith: [hub]", 4, "upstreams.gcr.sharesContentWith[0]",
        "add 'gcr' to upstreams.hub.sharesContentWith")]
    [InlineData("redirects: pass", "sharesContentWith: [cdn]", 4, "upstreams.gcr.sharesContentWith[0]",
        "no upstream 'cdn'; known: gcr, hub")]
    [InlineData("redirects: pass", "sharesContentWith: [gcr]", 4, "upstreams.gcr.sharesContentWith[0]", "itself")]
    [InlineData("redirects: pass", "colour: red", 4, "upstreams.gcr.colour", "unknown key")]
    [InlineData("type: basic", "type: magic", 5, "upstreams.hub.credentials.type", "anonymous, basic")]
    [InlineData("type: basic", "type: ecr", 5, "upstreams.hub.credentials.region", "the url does not name one")]
    [InlineData("{ env: HUB }", "{ env: HUB, value: canary }", 5, "upstreams.hub.credentials.password", "one of")]
    [InlineData("{ env: HUB }", "canary", 5, "upstreams.hub.credentials.password",
        "must be one of { file: PATH }, { env: NAME } and { value: TEXT }")]
    [InlineData("staff: {", "session: {", 7, "authenticators.session", "reserved")]
    [InlineData("type: htpasswd", "type: kerberos", 7, "authenticators.staff.type", "must be one of htpasswd, ldap, oidc")]
    [InlineData("type: htpasswd", "type: ldap", 7, "authenticators.staff.url", "required")]
    [InlineData("file: htpasswd", "file: nowhere", 7, "authenticators.staff.file", "no file")]
    [InlineData("hosts: [Docker.acme.example]", "hosts: []", 10, "tenants.acme.hosts", "at least one")]
    [InlineData("hosts: [Docker.acme.example]", "hosts: [\"a:80\"]", 10, "tenants.acme.hosts[0]", "without port")]
    [InlineData("authenticators: [staff]", "authenticators: [stuff]", 12, "tenants.acme.authenticators[0]", "no authenticator 'stuff'")]
    [InlineData("upstream: gcr", "upstream: gcx", 14, "tenants.acme.routes[0].upstream", "no upstream 'gcx'")]
    [InlineData("upstream: [hub]", "upstream: [hub, hub]", 15, "tenants.acme.routes[1].upstream", "lists an upstream twice")]
    [InlineData("upstream: [hub]", "upstream: hub, fallbackOn: [error]", 15, "tenants.acme.routes[1].fallbackOn",
        "needs a list of upstreams")]
    [InlineData("upstream: [hub]", "upstream: [hub, gcr], fallbackOn: [denied]", 15, "tenants.acme.routes[1].fallbackOn[0]",
        "must be notFound or error")]
    [InlineData("prefix: hub", "prefix: \"\"", 15, "tenants.acme.routes[1].prefix", "used twice")]
    [InlineData("prefix: hub", "prefix: Hub", 15, "tenants.acme.routes[1].prefix", "path components")]
    [InlineData("docker.io: hub", "docker.io: hob", 16, "tenants.acme.namespaces.docker.io", "not the prefix")]
    [InlineData("who: [anonymous]", "who: [everybody]", 18, "tenants.acme.access[0].who[0]", "anonymous, authenticated")]
    [InlineData("who: [anonymous]", "who: []", 18, "tenants.acme.access[0].who", "required")]
    [InlineData("group:staff/dev", "authenticator:nodes", 19, "tenants.acme.access[1].who[0]", "not an authenticator")]
    [InlineData("[\"public/**\"]", "[\"Public\"]", 18, "tenants.acme.access[0].repositories[0]", "glob")]
    [InlineData("actions: [pull]", "actions: [read]", 18, "tenants.acme.access[0].actions[0]", "pull, push, delete or catalog")]
    [InlineData("name: public,", "name: developers,", 19, "tenants.acme.access[1].name", "used twice")]
    [InlineData("name: public,", "", 18, "tenants.acme.access[0].name", "required")]
    public void An_error_names_line_and_field(string from, string to, int line, string field, string saying)
    {
        Assert.Contains(from, Good);
        var error = Assert.Single(Parse(Good.Replace(from, to)).Errors, error => error.Field == field);
        Assert.Equal(line, error.Line);
        Assert.Contains(saying, error.Message);
        Assert.DoesNotContain("canary", error.ToString());
    }

    [Theory]
    [InlineData("a: &x 1\nb: *x", "anchors")]
    [InlineData("a: !!str 1", "tags")]
    [InlineData("a: 1\n---\nb: 2", "more than one document")]
    [InlineData("a: 1\na: 2", "not valid YAML")]
    [InlineData("a: [", "not valid YAML")]
    [InlineData("", "empty")]
    [InlineData("just text", "map")]
    public void Clever_or_broken_yaml_is_refused(string text, string saying) =>
        Assert.Contains(saying, string.Join('\n', Parse(text).Errors));

    [Fact]
    public void All_errors_come_at_once_in_the_order_of_lines()
    {
        var errors = Parse(Good.Replace("5m", "never").Replace("redirects: pass", "colour: red")
            .Replace("upstream: gcr", "upstream: gcx")).Errors;
        Assert.Equal([1, 4, 14], errors.Select(error => error.Line));
    }

    [Fact]
    public void A_listener_that_others_reach_needs_a_public_url_and_an_admin_token()
    {
        var errors = Parse(Good.Replace("listen: {", "listen: { data: \"http://0.0.0.0:5000\", admin: \"http://0.0.0.0:5001\",")
            .Replace("publicUrl: https://docker.acme.example", "")).Errors;
        Assert.Contains(errors, error => error.Field == "tenants.acme.publicUrl");
        Assert.Contains(errors, error => error.Field == "listen.admin" && error.Message.Contains("admin.token"));
    }

    [Fact]
    public void A_host_belongs_to_one_tenant() =>
        Assert.Contains(
            Parse(Good + "\n" + Good[Good.IndexOf("  acme:", StringComparison.Ordinal)..].Replace("  acme:", "  other:")).Errors,
            error => error.Message.Contains("more than once"));

    [Theory]
    [InlineData("alice:{SHA}x", "not bcrypt")]
    [InlineData("alice:plain", "not bcrypt")]
    [InlineData("alice:$2x$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "not bcrypt")]
    [InlineData("alice:$2y$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "not bcrypt")]
    [InlineData("alice:$2y$20$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "not bcrypt")]
    [InlineData("alice:$2y$1a$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "not bcrypt")]
    [InlineData("alice:$2y$04$CCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "not bcrypt")]
    [InlineData("alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWA", "not bcrypt")]
    [InlineData("alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe!", "not bcrypt")]
    [InlineData("alice:$2y$04.CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "not bcrypt")]
    [InlineData("_nodes:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "reserved")]
    [InlineData("nonsense", "user:hash")]
    public void A_password_file_takes_bcrypt_and_plain_names_alone(string line, string saying)
    {
        _folder.Write("htpasswd", $"# users\n{line}\n");
        var error = Assert.Single(Parse(Good).Errors);
        Assert.Contains(saying, error.Message);
        Assert.Contains("htpasswd:2", error.Message);
        Assert.DoesNotContain("{SHA}x", error.Message);
    }

    [Fact]
    public void Every_section_is_understood_and_an_empty_allow_list_is_refused()
    {
        var errors = Parse("""
            revision: 1
            cluster: { provider: redis, redis: { connection: "127.0.0.1:6379" }, maxStale: 5m }
            state: { provider: redis, redis: { connection: "127.0.0.1:6379" }, encryptionKeys: [ { id: k1, key: { file: k } } ] }
            audit: { file: audit.jsonl, maxBytes: 100MiB, keep: 5 }
            cache: { path: /var/cache, maxBytes: 50GiB, tagTtl: 30s, staleIfError: 10m }
            upstreams: { a: { url: "https://a.example" } }
            authenticators:
              nodes: { type: aws-sts, accounts: ["1"], serverId: x }
              legacy: { type: aws-iid, accounts: [], certificates: c/ }
            tenants:
              t:
                hosts: ["*"]
                authenticators: [nodes, legacy]
                routes: [ { prefix: "", upstream: a, cache: true } ]
                limits: { requestsPerSecond: 1 }
            """).Errors;
        Assert.Contains(errors, error =>
            error.Field == "authenticators.legacy.accounts" && error.Message.Contains("empty never means all"));
        Assert.DoesNotContain(errors, error => error.Message.Contains("unknown key"));
    }

    [Theory]
    [InlineData("pass", false)]
    [InlineData("fill", false)]
    [InlineData("wait", false)]
    [InlineData("Wait", true)]
    public void Ranges_of_a_route_are_one_of_three(string ranges, bool isWrong)
    {
        var errors = Parse($$"""
            upstreams: { a: { url: "https://a.example" } }
            tenants: { t: { hosts: ["*"], routes: [ { prefix: "", upstream: a, ranges: {{ranges}} } ] } }
            """).Errors;
        Assert.Equal(isWrong, errors.Any(error => error.Message.Contains("must be pass, fill or wait")));
        Assert.DoesNotContain(errors, error => error.Message.Contains("unknown key"));
    }

    [Fact]
    public void Without_a_file_public_registries_are_open_to_everybody()
    {
        var tenant = ConfigurationDefaults.NoFile().Configuration.Tenants["default"];
        Assert.Equal(["", "gcr.io", "ghcr.io", "mcr.microsoft.com", "public.ecr.aws", "quay.io", "registry.k8s.io"],
            tenant.Routes.Select(route => route.Prefix).Order(StringComparer.Ordinal));
        Assert.Equal("", tenant.Namespaces["docker.io"]);
    }

    public void Dispose() => _folder.Dispose();

    private ConfigurationResult Parse(string text) => ConfigurationFile.Parse(text, _folder.File("config.yaml"));
}
