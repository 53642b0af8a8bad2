using RegistryProxy.Configuration.Reading;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>
/// What is right in a configuration file and hardly meant has a warning at its line; who mistypes a word is told which one was meant.
/// </summary>
public sealed class DoubtTests : IDisposable
{
    private const string Good = """
        upstreams:
          hub: { url: "https://hub.example", credentials: { type: basic, username: me, password: { value: secret } } }
          own: { url: "https://own.example" }
        authenticators:
          staff: { type: htpasswd, file: htpasswd, groups: { dev: [alice] } }
        tenants:
          acme:
            hosts: [docker.acme.example]
            publicUrl: https://docker.acme.example
            authenticators: [staff]
            routes:
              - { prefix: hub, upstream: hub }
              - { prefix: team/own, upstream: own, ranges: fill }
            access:
              - { name: one, who: ["group:staff/dev"], repositories: ["hub/**"], actions: [pull] }
              - { name: two, who: ["user:alice"], repositories: ["team/*/x"], actions: [pull] }
        """;

    private readonly TemporaryFolder _folder = new();

    public DoubtTests() => _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");

    [Fact]
    public void A_file_that_means_what_it_says_has_none() => Assert.Empty(Warnings(Good));

    [Theory]
    [InlineData("subject:fleets/*", "eu-*", "")]
    [InlineData("subject:fleets/eu-1/system:serviceaccount:ci:*", "eu-1", "")]
    [InlineData("subject:fleets/system:serviceaccount:ci:*", "eu-1", "subjects of 'fleets' begin with their cluster, such as eu-1/system")]
    [InlineData("subject:fleets/eu-2/*", "eu-1", "subjects of 'fleets' begin with their cluster")]
    [InlineData("authenticator:fleets", "eu1", "no such cluster is configured; did you mean 'eu-1'?")]
    [InlineData("robot:ci", "eu-1", "robots have no claims")]
    public void Rules_about_clusters_that_match_none_are_told(string who, string cluster, string saying)
    {
        var warnings = Warnings(Good.Replace("authenticators:\n  staff", "authenticators:\n  fleets: { type: kubernetes, audience: a, " +
            "clusters: { eu-1: { issuer: \"https://k8s.example\" } } }\n  staff")
            .Replace("authenticators: [staff]", "authenticators: [staff, fleets]")
            .Replace("who: [\"group:staff/dev\"]", $"who: [\"{who}\"], when: {{ cluster: \"{cluster}\" }}"));
        if (saying.Length == 0)
        {
            Assert.Empty(warnings);
            return;
        }

        Assert.Contains(saying, Assert.Single(warnings).Message);
    }

    [Theory]
    [InlineData("value: secret", "value: \"\"", 2, "upstreams.hub.credentials.password", "the secret is empty")]
    [InlineData("value: secret", "env: REGISTRYPROXY_TEST_NOWHERE", 2, "upstreams.hub.credentials.password",
        "REGISTRYPROXY_TEST_NOWHERE is not set or empty")]
    [InlineData("value: secret", "file: nowhere", 2, "upstreams.hub.credentials.password", "nowhere is missing")]
    [InlineData("value: secret", "file: .", 2, "upstreams.hub.credentials.password", "is a folder, not a file")]
    [InlineData("https://hub.example", "http://hub.example", 2, "upstreams.hub.url", "is http: the credential is sent unencrypted")]
    [InlineData("https://own.example", "https://10.1.2.3", 3, "upstreams.own.url", "refused without allowPrivate: true")]
    [InlineData("https://own.example", "http://[fd00::1]:5000", 3, "upstreams.own.url", "refused without allowPrivate: true")]
    [InlineData("https://own.example", "https://198.18.0.1", 3, "upstreams.own.url", "refused without allowPrivate: true")]
    [InlineData("https://own.example", "https://[64:ff9b::10.0.0.1]", 3, "upstreams.own.url", "refused without allowPrivate: true")]
    [InlineData("https://own.example", "https://169.254.169.254", 3, "upstreams.own.url", "no request is ever sent to one")]
    [InlineData("https://own.example", "https://[fe80::1]", 3, "upstreams.own.url", "no request is ever sent to one")]
    [InlineData("https://own.example", "https://0.0.0.0", 3, "upstreams.own.url", "no request is ever sent to one")]
    [InlineData("https://own.example", "http://localhost:5000", 3, "upstreams.own.url", "refused without allowPrivate: true")]
    [InlineData("dev: [alice]", "dev: [alise]", 5, "authenticators.staff.groups.dev[0]", "no user 'alise'; did you mean 'alice'?")]
    [InlineData("https://docker.acme.example", "https://other.example", 9, "tenants.acme.publicUrl",
        "its host is not in this tenant's hosts")]
    [InlineData("group:staff/dev", "group:staff/dve", 15, "tenants.acme.access[0].who[0]",
        "'staff' has no group 'dve'; did you mean 'dev'?")]
    [InlineData("    authenticators: [staff]", "    administrators: [\"group:staff/dve\"]\n    authenticators: [staff]", 10,
        "tenants.acme.administrators[0]", "'staff' has no group 'dve'; did you mean 'dev'?")]
    [InlineData("user:alice", "user:alcie", 16, "tenants.acme.access[1].who[0]", "'staff' has no user 'alcie'; did you mean 'alice'?")]
    [InlineData("user:alice", "subject:staff/bob", 16, "tenants.acme.access[1].who[0]", "'staff' has no user 'bob'")]
    [InlineData("actions: [pull] }", "actions: [push] }", 15, "tenants.acme.access[0].actions", "lets push without pull")]
    [InlineData("who: [\"user:alice\"], repositories: [\"team/*/x\"], actions: [pull]",
        "who: [\"group:staff/dev\"], repositories: [\"team/own/x\", \"hub/a\"], actions: [push, delete]", 16,
        "tenants.acme.access[1].actions", "lets push without pull")]
    [InlineData("who: [\"user:alice\"], repositories: [\"team/*/x\"], actions: [pull]",
        "who: [\"group:staff/dev\"], repositories: [\"hub/a\"], actions: [push] }\n"
        + "      - { name: three, who: [authenticated], repositories: [\"team/own/**\"], actions: [pull]", 0, "", "")]
    [InlineData("who: [\"user:alice\"], repositories: [\"team/*/x\"], actions: [pull]",
        "who: [\"user:alice\"], repositories: [\"team/own/x\"], actions: [push] }\n"
        + "      - { name: three, who: [authenticated], repositories: [\"team/own/**\"], actions: [pull]", 0, "", "")]
    [InlineData("[\"hub/**\"]", "[\"hub/**\", \"hubs/**\"]", 15, "tenants.acme.access[0].repositories[1]",
        "no route of this tenant matches such a name; its prefixes: 'hub', 'team/own'")]
    [InlineData("team/*/x", "*/*/x", 0, "", "")]
    [InlineData("team/*/x", "hub/x", 13, "tenants.acme.routes[1]", "no access rule grants anything below 'team/own'")]
    [InlineData("prefix: hub", "prefix: huub", 12, "tenants.acme.routes[0]", "no access rule grants anything below 'huub'")]
    [InlineData("prefix: hub,", "prefix: \"\",", 12, "tenants.acme.routes[0]",
        "what access rules grant below '' belongs to routes with longer prefixes", "[\"hub/**\"]", "[\"team/own/**\"]",
        "team/*/x", "team/own/x")]
    [InlineData("prefix: hub,", "prefix: \"\",", 0, "", "", "[\"hub/**\"]", "[\"team/own\"]", "team/*/x",
        "team/own/x")]
    [InlineData("prefix: hub,", "prefix: \"\",", 0, "", "", "team/*/x", "**")]
    [InlineData("prefix: hub,", "prefix: \"\",", 0, "", "", "[\"hub/**\"]", "[\"team/**\"]")]
    [InlineData("https://docker.acme.example", "http://docker.acme.example", 9, "tenants.acme.publicUrl", "sent unencrypted")]
    [InlineData("    authenticators: [staff]", "", 15, "tenants.acme.access", "nobody can log in to this tenant", "\"group:staff/dev\"",
        "authenticated", "\"user:alice\"", "authenticated")]
    [InlineData("    authenticators: [staff]", "", 0, "", "", "\"group:staff/dev\"", "anonymous", "\"user:alice\"", "\"robot:ci\"")]
    public void What_is_hardly_meant_is_told_at_its_line(
        string good, string odd, int line, string field, string saying, params string[] more)
    {
        var text = Good.Replace(good, odd);
        for (var i = 0; i < more.Length; i += 2)
        {
            text = text.Replace(more[i], more[i + 1]);
        }

        var warnings = Warnings(text);
        if (line == 0)
        {
            Assert.Empty(warnings);
            return;
        }

        Assert.Contains(warnings,
            warning => warning.Line == line && warning.Field == field && warning.Message.Contains(saying, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ type: grpc, endpoint: \"https://v.example\" }", true)]
    [InlineData("{ type: oidc, issuer: \"https://i.example\", audience: a, require: { hd: x } }", true)]
    [InlineData("{ type: oidc, issuer: \"https://i.example\", audience: a, require: { hd: x }, clientId: c, clientSecret: { value: s } }", false)]
    public void Administrators_who_may_be_workloads_are_told(string authenticator, bool isTold)
    {
        var warnings = Warnings(Good.Replace("authenticators:\n  staff", $"authenticators:\n  some: {authenticator}\n  staff")
            .Replace("    authenticators: [staff]", "    administrators: [\"subject:some/alice\"]\n    authenticators: [staff]"));
        Assert.Equal(isTold, warnings.Any(warning => warning.Field == "tenants.acme.administrators[0]"
            && warning.Message.Contains("may prove machines", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_tenant_without_rules_refuses_everybody_and_that_is_told() =>
        Assert.Contains(Warnings(Good[..Good.IndexOf("    access:", StringComparison.Ordinal)]),
            warning => warning.Field == "tenants.acme.access" && warning.Message.StartsWith("has no rule that grants anything"));

    [Theory]
    [InlineData("ranges: fill", "ranges: fil", "must be pass, fill or wait; did you mean 'fill'?")]
    [InlineData("type: basic", "type: basci", "did you mean 'basic'?")]
    [InlineData("type: htpasswd", "type: htpaswd", "did you mean 'htpasswd'?")]
    [InlineData("routes:", "rotues:", "unknown key; did you mean 'routes'?; allowed here: ")]
    [InlineData("upstream: hub", "upstream: hbu", "did you mean 'hub'?")]
    [InlineData("authenticators: [staff]", "authenticators: [stuff]", "did you mean 'staff'?")]
    [InlineData("actions: [pull]", "actions: [pul]", "did you mean 'pull'?")]
    [InlineData("user:alice", "usr:alice", "did you mean 'user'?")]
    [InlineData("file: htpasswd", "file: .", "is a folder, not a file")]
    [InlineData("file: htpasswd", "file: nowhere", "there is no file")]
    public void A_mistyped_word_says_which_one_may_be_meant(string good, string wrong, string saying) =>
        Assert.Contains(ConfigurationFile.Parse(Good.Replace(good, wrong), _folder.File("config.yaml")).Errors,
            error => error.Message.Contains(saying, StringComparison.Ordinal));

    [Fact]
    public void No_key_is_listed_twice_among_the_allowed_ones()
    {
        var error = Assert.Single(ConfigurationFile.Parse(Good.Replace("ranges: fill", "nonsense: 1"), _folder.File("config.yaml")).Errors);
        var keys = error.Message.Split("allowed here: ")[1].Split(", ");
        Assert.Equal(keys.Distinct(), keys);
    }

    [Theory]
    [InlineData("    hosts:", "\thosts:", 8)]
    [InlineData("    routes:", "    \troutes:", 11)]
    public void A_tab_is_told_at_its_line(string good, string wrong, int line)
    {
        var error = Assert.Single(ConfigurationFile.Parse(Good.Replace(good, wrong), _folder.File("config.yaml")).Errors);
        Assert.Equal((line, "a tab indents this line; YAML takes spaces alone"), (error.Line, error.Message));
    }

    [Fact]
    public void A_folder_or_nothing_in_place_of_the_file_is_called_so()
    {
        Assert.EndsWith("is a folder, not a file", Assert.Single(ConfigurationFile.Read(_folder.Path).Errors).Message);
        Assert.StartsWith("there is no file", Assert.Single(ConfigurationFile.Read(_folder.File("nowhere.yaml")).Errors).Message);
    }

    [Theory]
    [InlineData("**", "", true)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("a/**", "b", false)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("a/b", "a/b", false)]
    [InlineData("a/b", "a", true)]
    [InlineData("*/b/**/c", "a/b/x", true)]
    [InlineData("*/b/c", "a/x", false)]
    [InlineData("**/c", "a/c", true)]
    [InlineData("team-*/x", "team-a", true)]
    public void A_pattern_knows_whether_it_can_match_below_a_path(string pattern, string path, bool can) =>
        Assert.Equal(can, RepositoryPattern.Parse(pattern).MatchesBelow(path));

    public void Dispose() => _folder.Dispose();

    private IReadOnlyList<RegistryProxy.Files.Yaml.ConfigurationError> Warnings(string yaml)
    {
        var result = ConfigurationFile.Parse(yaml, _folder.File("config.yaml"));
        Assert.Empty(result.Errors);
        return result.Warnings;
    }
}
