using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>
/// What operators get wrong, and what they are told: the line, the field, and what mends it. Never a secret, nothing twice.
/// </summary>
public sealed class MisconfigurationTests : IDisposable
{
    private const string Good = """
        revision: 1
        listen:
          data: http://0.0.0.0:8080
          admin: http://127.0.0.1:9090
        upstreams:
          hub: { url: "https://hub.example", credentials: { type: basic, username: me, password: { value: canary-secret } } }
          own: { url: "https://own.example" }
        authenticators:
          staff: { type: htpasswd, file: htpasswd, groups: { dev: [alice] } }
          ci: { type: oidc, issuer: "https://ci.example", audience: door, require: { repo: acme/app } }
        tenants:
          acme:
            hosts: [docker.acme.example]
            publicUrl: https://docker.acme.example
            authenticators: [staff, ci]
            limits: { perIdentity: { requestsPerSecond: 20 } }
            routes:
              - { prefix: hub, upstream: hub, cache: false }
              - { prefix: team/own, upstream: own, ranges: fill }
            access:
              - { name: one, who: ["group:staff/dev"], repositories: ["hub/**"], actions: [pull] }
              - { name: two, who: ["user:alice"], repositories: ["team/*/x"], actions: [pull] }
        """;

    private const string AfterListen = "  admin: http://127.0.0.1:9090\n";
    private const string Upstream = "url: \"https://own.example\" }";
    private const string Staff = "type: htpasswd, file: htpasswd, groups: { dev: [alice] }";
    private const string FirstActions = "actions: [pull] }\n      - { name: two";

    private readonly TemporaryFolder _folder = new();

    public MisconfigurationTests()
    {
        _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        _folder.Write("empty", "");
        _folder.Write("broken", "alice\n");
        _folder.Write("md5", "alice:$apr1$abc$def\n");
    }

    [Theory]
    [InlineData("revision: 1", "revision: one", 1, "revision", "'one' must be a whole number from 1")]
    [InlineData("revision: 1", "revison: 1", 1, "revison", "unknown key; did you mean 'revision'?")]
    [InlineData("revision: 1", "revision: 1\nrevision: 2", 2, "", "Duplicate key revision")]
    [InlineData("revision: 1", "include: nowhere/../x.yaml", 1, "include", "must be a path below the folder of this file")]
    [InlineData("revision: 1", "cluster: { provider: redis }", 1, "cluster.redis", "is required for this provider: { connection: ")]
    [InlineData("revision: 1", "cluster: { provider: etcd }", 1, "cluster.provider", "must be localhost, redis or kubernetes")]
    [InlineData("revision: 1", "state: { provider: files }", 1, "state.provider", "must be memory, file or redis; did you mean 'file'?")]
    [InlineData("revision: 1", "state: { provider: file, file: { path: s } }", 1, "state.encryptionKeys", "at least one key is required")]
    [InlineData("revision: 1", "cache: { path: c, maxBytes: 1XB }", 1, "cache.maxBytes", "must be a size such as 1048576, 64KiB")]
    [InlineData("revision: 1", "cache: { maxBytes: 1GiB }", 1, "cache.path", "is required")]
    [InlineData("revision: 1", "cache: { path: htpasswd }", 1, "cache.path", "is a file, not a folder", true)]
    [InlineData("revision: 1", "audit: { file: . }", 1, "audit.file", "is a folder, not a file", true)]
    [InlineData("revision: 1", "audit: { file: nowhere/audit.log }", 1, "audit.file", "there is no folder ", true)]
    [InlineData("revision: 1", "include: nowhere/*.yaml", 1, "include", "no file matches 'nowhere/*.yaml' now", true)]
    [InlineData("revision: 1", "tokens: { accessLifetime: 5 }", 1, "tokens.accessLifetime", "'5' must be a duration such as 30s, 5m")]
    [InlineData("revision: 1", "admin: { token: canary-token }", 1, "admin.token", "must be one of { file: PATH }, { env: NAME }")]
    [InlineData("revision: 1", "egress: { proxy: { url: \"socks5://a:1\" } }", 1, "egress.proxy.url", "'socks5://a:1' must be http://")]
    [InlineData("http://0.0.0.0:8080", "0.0.0.0:8080", 3, "listen.data", "nothing behind it; did you mean 'http://0.0.0.0:8080'?")]
    [InlineData("http://0.0.0.0:8080", ":8080", 3, "listen.data", "did you mean 'http://0.0.0.0:8080'?")]
    [InlineData("http://0.0.0.0:8080", "{ url: x }", 3, "listen.data", "must be a single value, not a map or a list")]
    [InlineData("http://127.0.0.1:9090", "http://0.0.0.0:9090", 4, "listen.admin", "admin.token is required when the admin listener")]
    [InlineData("http://127.0.0.1:9090", "https://127.0.0.1:9090", 4, "listen.admin", "must be http://: the admin listener has no TLS")]
    [InlineData("http://127.0.0.1:9090", "http://0.0.0.0:8080", 4, "listen.admin", "each listener needs a port of its own")]
    [InlineData(AfterListen, AfterListen + "  tls: { certificate: a.crt, key: a.key }\n", 5, "listen.tls.certificate", "there is no file ")]
    [InlineData(AfterListen, AfterListen + "  tls: { certificate: htpasswd, key: htpasswd }\n", 5, "listen.tls.certificate",
        "htpasswd holds no certificate in PEM")]
    [InlineData(AfterListen, AfterListen + "  trustedProxies: [10.0.0.0/33]\n", 5, "listen.trustedProxies[0]", "must be a network such as")]
    [InlineData(AfterListen, AfterListen + "  trustedProxies: 10.0.0.0/8\n", 5, "listen.trustedProxies", "must be a list, such as [one, two]")]
    [InlineData("https://hub.example", "hub.example", 6, "upstreams.hub.url", "did you mean 'https://hub.example'?")]
    [InlineData("https://hub.example", "https://hub.example/v2/", 6, "upstreams.hub.url", "with a host and nothing behind it")]
    [InlineData("https://hub.example", "https://me:canary-url@hub.example", 6, "upstreams.hub.url",
        "a user name and a password belong into fields of their own")]
    [InlineData("type: basic, ", "", 6, "upstreams.hub.credentials.type", "is required")]
    [InlineData("username: me, ", "", 6, "upstreams.hub.credentials.username", "is required")]
    [InlineData("username: me, ", "user: me, ", 6, "upstreams.hub.credentials.user", "unknown key; did you mean 'username'?")]
    [InlineData("revision: 1", "tokens: { lifetime: 5m }", 1, "tokens.lifetime", "did you mean 'accessLifetime' or 'refreshLifetime'?")]
    [InlineData("username: me", "username: \"a:b\"", 6, "upstreams.hub.credentials.username", "must not have a ':'")]
    [InlineData("{ value: canary-secret }", "canary-secret", 6, "upstreams.hub.credentials.password", "must be one of { file: PATH }")]
    [InlineData("{ value: canary-secret }", "{ env: REGISTRYPROXY_TEST_NOWHERE }", 6, "upstreams.hub.credentials.password",
        "the environment variable REGISTRYPROXY_TEST_NOWHERE is not set or empty", true)]
    [InlineData("{ value: canary-secret }", "{ file: nowhere }", 6, "upstreams.hub.credentials.password", "nowhere is missing", true)]
    [InlineData("type: basic, username: me, password: { value: canary-secret }", "type: exec, command: /nowhere/helper", 6,
        "upstreams.hub.credentials.command", "there is no file /nowhere/helper")]
    [InlineData("own: { url: ", "own: { uri: ", 7, "upstreams.own.uri", "unknown key; did you mean 'url'?")]
    [InlineData("{ url: \"https://own.example\" }", "\"https://own.example\"", 7, "upstreams.own", "must be a map of keys and values")]
    [InlineData(Upstream, "url: \"https://own.example\", tls: { ca: nowhere.crt } }", 7, "upstreams.own.tls.ca", "there is no file ")]
    [InlineData(Upstream, "url: \"https://own.example\", tls: { certificate: htpasswd } }", 7, "upstreams.own.tls.key",
        "certificate and key are required together")]
    [InlineData(Upstream, "url: \"https://own.example\", proxy: \"http://me:canary-proxy@p:3128\" }", 7, "upstreams.own.proxy",
        "user name and password belong into proxy: { url, username, password }")]
    [InlineData(Upstream, "url: \"https://own.example\", allowPrivate: yes }", 7, "upstreams.own.allowPrivate", "must be true or false")]
    [InlineData(Upstream, "url: \"https://own.example\", preset: dockerhub }", 7, "upstreams.own.preset", "did you mean 'docker-hub'?")]
    [InlineData(Upstream, "url: \"https://own.example\", credentials: { type: ecr } }", 7, "upstreams.own.credentials.region", "is required")]
    [InlineData("https://own.example", "https://10.0.0.1", 7, "upstreams.own.url", "refused without allowPrivate: true", true)]
    [InlineData("file: htpasswd", "file: empty", 9, "authenticators.staff.file", "empty holds no users")]
    [InlineData("file: htpasswd", "file: htpaswd", 9, "authenticators.staff.file", "/htpaswd")]
    [InlineData("file: htpasswd", "file: .", 9, "authenticators.staff.file", "is a folder, not a file")]
    [InlineData("file: htpasswd", "file: broken", 9, "authenticators.staff.file", "broken:1: must be user:hash")]
    [InlineData("file: htpasswd", "file: md5", 9, "authenticators.staff.file", "is not bcrypt; make it with htpasswd -B")]
    [InlineData("type: htpasswd", "type: htpaswd", 9, "authenticators.staff.type", "did you mean 'htpasswd'?")]
    [InlineData("dev: [alice]", "dev: alice", 9, "authenticators.staff.groups.dev", "must be a list")]
    [InlineData("dev: [alice]", "dev: [alise]", 9, "authenticators.staff.groups.dev[0]", "did you mean 'alice'?", true)]
    [InlineData(Staff, "type: ldap, url: \"ldap://d.example\", baseDn: x", 9, "authenticators.staff.url", "would send passwords unencrypted")]
    [InlineData("audience: door, ", "", 10, "authenticators.ci.audience", "is required, so that tokens for other services")]
    [InlineData(", require: { repo: acme/app }", "", 10, "authenticators.ci.require", "Name claims, such as { hd: acme.example }")]
    [InlineData("https://ci.example", "http://ci.example", 10, "authenticators.ci.issuer", "must be https://, or http:// on loopback")]
    [InlineData("[docker.acme.example]", "[]", 13, "tenants.acme.hosts", "at least one host is required; \"*\" matches any")]
    [InlineData("[docker.acme.example]", "docker.acme.example", 13, "tenants.acme.hosts", "must be a list, such as [one, two]")]
    [InlineData("[docker.acme.example]", "[docker.acme.example:443]", 13, "tenants.acme.hosts[0]", "must be a host name without port")]
    [InlineData("[docker.acme.example]", "[docker.acme.example, docker.acme.example]", 13, "tenants.acme.hosts[1]", "given more than once")]
    [InlineData("https://docker.acme.example", "https://other.example", 14, "tenants.acme.publicUrl", "add 'other.example' to hosts", true)]
    [InlineData("    publicUrl: https://docker.acme.example\n", "", 13, "tenants.acme.publicUrl", "is required unless the data listener")]
    [InlineData("[staff, ci]", "[staf, ci]", 15, "tenants.acme.authenticators[0]", "did you mean 'staff'?")]
    [InlineData("[staff, ci]", "[staff, staff]", 15, "tenants.acme.authenticators[1]", "'staff' is listed twice")]
    [InlineData("requestsPerSecond", "requestPerSecond", 16, "tenants.acme.limits.perIdentity.requestPerSecond", "did you mean")]
    [InlineData("    routes:", "\troutes:", 17, "", "a tab indents this line; YAML takes spaces alone")]
    [InlineData("    access:", "   access:", 20, "", "indented by another number of spaces than its neighbours?")]
    [InlineData("prefix: hub", "prefix: /hub/", 18, "tenants.acme.routes[0].prefix", "such as team-a or acme/project")]
    [InlineData("prefix: team/own", "prefix: hub", 19, "tenants.acme.routes[1].prefix", "the prefix 'hub' is used twice")]
    [InlineData("upstream: own,", "upstream: ownn,", 19, "tenants.acme.routes[1].upstream", "did you mean 'own'?")]
    [InlineData("cache: false", "cache: true", 18, "tenants.acme.routes[0].cache", "needs a place for the files: cache: { path: ")]
    [InlineData("ranges: fill", "ranges: full", 19, "tenants.acme.routes[1].ranges", "must be pass, fill or wait; did you mean 'fill'?")]
    [InlineData("access:", "acess:", 20, "tenants.acme.acess", "did you mean 'access'?")]
    [InlineData("name: two", "name: one", 22, "tenants.acme.access[1].name", "the name 'one' is used twice")]
    [InlineData("[\"group:staff/dev\"]", "[]", 21, "tenants.acme.access[0].who", "is required and may not be empty")]
    [InlineData("[\"group:staff/dev\"]", "[everybody]", 21, "tenants.acme.access[0].who[0]", "must be anonymous, authenticated, user:")]
    [InlineData("group:staff/dev", "group:stuff/dev", 21, "tenants.acme.access[0].who[0]", "of this tenant; did you mean 'staff'?")]
    [InlineData("user:alice", "user:stuff/alice", 22, "tenants.acme.access[1].who[0]", "of staff; did you mean 'staff'?", true)]
    [InlineData("user:alice", "user:alcie", 22, "tenants.acme.access[1].who[0]", "has no user 'alcie'; did you mean 'alice'?", true)]
    [InlineData("name: one,", "name: one, when: { repo: [] },", 21, "tenants.acme.access[0].when.repo", "may not be empty")]
    [InlineData("name: one,", "name: one, when: { repo: a },", 21, "tenants.acme.access[0].who[0]", "a password file has no claims", true)]
    [InlineData("[\"hub/**\"]", "[\"Hub/**\"]", 21, "tenants.acme.access[0].repositories[0]", "such as team-a/** or */base")]
    [InlineData("[\"hub/**\"]", "[\"hubs/**\"]", 21, "tenants.acme.access[0].repositories[0]", "its prefixes: 'hub', 'team/own'", true)]
    [InlineData(FirstActions, "actions: [read] }\n      - { name: two", 21, "tenants.acme.access[0].actions[0]", "must be pull, push, delete")]
    [InlineData(FirstActions, "actions: pull }\n      - { name: two", 21, "tenants.acme.access[0].actions", "must be a list")]
    [InlineData("[\"user:alice\"]", "[\"user:alice\"", 22, "", "did not find expected ',' or ']'")]
    public void It_is_told_at_its_line_with_what_mends_it(
        string good, string wrong, int line, string field, string saying, bool isWarning = false)
    {
        Assert.Contains(good, Good);
        var at = Good.IndexOf(good, StringComparison.Ordinal);
        var result = ConfigurationFile.Read(_folder.Write("config.yaml", Good.Remove(at, good.Length).Insert(at, wrong)));
        var told = isWarning ? result.Warnings : result.Errors;
        Assert.True(
            told.Any(one => one.Line == line && one.Field.StartsWith(field, StringComparison.Ordinal)
                && one.Message.Contains(saying, StringComparison.Ordinal)),
            string.Join('\n', result.Errors.Concat(result.Warnings)));
        Assert.Equal(isWarning, result.Errors.Count == 0);
        ConfigurationError[] all = [.. result.Errors, .. result.Warnings];
        Assert.Equal(all.Distinct(), all);
        Assert.DoesNotContain("canary", string.Join('\n', all.Select(one => one.ToString())));
    }

    [Fact]
    public void What_is_right_is_told_nothing_of()
    {
        var result = ConfigurationFile.Read(_folder.Write("config.yaml", Good));
        Assert.Empty(result.Errors.Concat(result.Warnings));
    }

    public void Dispose() => _folder.Dispose();
}
