using System.Text.RegularExpressions;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>What a tenant defines is its own, and uses nothing of the machine that is not given to it.</summary>
public sealed partial class TenantDefinitionTests : IDisposable
{
    private const string Routes = "routes: [ { prefix: \"\", upstream: mine } ]\n";

    private static readonly string[] Upstream =
        ["preset", "url", "officialPrefix", "realms", "redirects", "redirectHosts", "credentials", "tls"];

    private static readonly string[] Credentials =
    [
        "type", "username", "region", "public", "accessKeyId", "roleArn", "externalId", "sessionName", "keyFile", "tenantId", "clientId",
        "roles", "password", "token", "secretAccessKey", "sessionToken", "clientSecret",
    ];

    private static readonly string[] Authenticator =
    [
        "type", "file", "groups", "url", "startTls", "allowPlaintext", "ca", "bindDn", "bindPassword", "baseDn", "userFilter", "userDn",
        "groupBaseDn", "groupFilter", "groupAttribute", "issuer", "audience", "require", "allowAnySubject", "subjectClaim", "groupsClaim",
        "jwks", "clientId", "clientSecret", "scopes", "projects", "accounts", "serverId", "regions", "certificates", "maxAge",
        "subscriptions", "roots", "endpoint", "certificate", "key", "clusters",
    ];

    private readonly TemporaryFolder _folder = new();

    public TenantDefinitionTests()
    {
        Directory.CreateDirectory(_folder.File("secrets"));
        Directory.CreateDirectory(_folder.File("operator"));
        _folder.Write("operator/pw", "operators");
        _folder.Write("secrets/pw", "tenants");
        _folder.Write("secrets/users", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        File.CreateSymbolicLink(_folder.File("secrets/out"), "../operator/pw");
        File.CreateSymbolicLink(_folder.File("secrets/up"), "../operator");
        File.CreateSymbolicLink(_folder.File("secrets/in"), "pw");
    }

    [Fact]
    public void Names_are_the_tenants_alone()
    {
        var result = Read(Routes + """
            authenticators: [corp, own]
            access: [ { name: all, who: ["user:own/alice", "authenticator:corp"], repositories: ["**"], actions: [pull] } ]
            define:
              upstreams: { mine: { url: "https://mine.example", credentials: { type: basic, username: u, password: { file: pw } } } }
              authenticators: { own: { type: htpasswd, file: secrets/users, groups: { dev: [alice] } } }
            """);
        Assert.Empty(result.AllErrors);
        Assert.Empty(result.Warnings);
        var configuration = result.Snapshot!.Configuration;
        var tenant = configuration.Tenants["acme"];
        Assert.Equal(["acme/mine"], tenant.Routes[0].Upstreams);
        Assert.Equal(["corp", "own"], tenant.Authenticators);
        var mine = configuration.Upstreams["acme/mine"];
        Assert.True(mine is { Name: "acme/mine", IsOfTenant: true, AllowPrivate: false });
        Assert.Equal("tenants", Assert.IsType<BasicCredentials>(mine.Credentials).Password.Read().Reveal());
        Assert.True(configuration.Authenticators["acme/own"] is { Name: "own", IsOfTenant: true });
        Assert.Same(configuration.Authenticators["acme/own"], configuration.AuthenticatorOf("acme", "own"));
        Assert.Null(configuration.AuthenticatorOf("other", "own"));
        Assert.Same(configuration.Authenticators["corp"], configuration.AuthenticatorOf("acme", "corp"));
        Assert.DoesNotContain("mine", configuration.Upstreams.Keys);
    }

    [Theory]
    [InlineData("url: \"https://m.example\", allowPrivate: true", "loopback and private addresses are the operator's")]
    [InlineData("url: \"https://m.example\", proxy: none", "the way out is the operator's")]
    [InlineData("url: \"https://m.example\", sharesContentWith: [hub]", "shares its content with nothing else")]
    [InlineData("url: \"https://m.example\", credentials: { type: exec, command: id }", "'exec' runs programs or reads files")]
    [InlineData("url: \"https://m.example\", credentials: { type: dockerConfig, file: pw }", "'dockerConfig' runs programs or reads files")]
    [InlineData("url: \"https://m.example\", credentials: { type: google }", "machine's cloud identity")]
    [InlineData("url: \"https://m.azurecr.io\", credentials: { type: acr }", "machine's cloud identity")]
    [InlineData("url: \"https://m.azurecr.io\", credentials: { type: acr, metadataEndpoint: \"https://m.example\" }", "machine is the operator")]
    [InlineData("url: \"https://m.example\", credentials: { type: ecr, region: eu-west-1 }", "machine's cloud identity")]
    [InlineData("url: \"https://m.example\", credentials: { type: basic, username: u, password: { env: HOME } }", "environment of the process")]
    [InlineData("url: \"https://m.example\", credentials: { type: basic, username: u, password: { file: ../operator/pw } }", "leads out of")]
    [InlineData("url: \"https://m.example\", credentials: { type: basic, username: u, password: { file: operator/pw } }", "")]
    [InlineData("url: \"https://m.example\", credentials: { type: basic, username: u, password: { file: /etc/passwd } }", "leads out of")]
    [InlineData("url: \"https://m.example\", credentials: { type: basic, username: u, password: { file: out } }", "is a symbolic link that leads out")]
    [InlineData("url: \"https://m.example\", credentials: { type: basic, username: u, password: { file: up/pw } }", "is a symbolic link that leads out")]
    [InlineData("url: \"https://m.example\", tls: { ca: /etc/ssl/certs }", "leads out of")]
    public void What_is_the_operators_is_refused_with_its_reason_and_line(string upstream, string reason)
    {
        var result = Read($"{Routes}define:\n  upstreams:\n    mine: {{ {upstream} }}\n");
        if (reason.Length == 0)
        {
            // Below the folder of the main file, and not in that of the tenant: it would be secrets/operator/pw, which is not there.
            Assert.Empty(result.AllErrors);
            Assert.Contains(result.Warnings, warning => warning.Message.Contains("is missing"));
            return;
        }

        var error = Assert.Single(Assert.Single(result.Faults).Errors, error => error.Message.Contains(reason));
        Assert.Equal(4, error.Line);
        Assert.StartsWith("define.upstreams.mine.", error.Field);
        Assert.True(result.Snapshot!.Configuration.Tenants["acme"].IsUnusable);
        Assert.DoesNotContain("acme/mine", result.Snapshot.Configuration.Upstreams.Keys);
    }

    [Fact]
    public void Without_a_folder_of_its_own_it_names_no_file_at_all()
    {
        var part = $"{Routes}define: {{ upstreams: {{ mine: {{ url: \"https://m.example\", credentials: {{ type: bearer, token: {{ file: pw }} }} }} }} }}";
        Assert.Contains(Assert.Single(Read(part, secrets: "").Faults).Errors, error => error.Message.Contains("tenants.acme.secrets"));
    }

    [Theory]
    [InlineData("upstreams: { hub: { url: \"https://m.example\" }, mine: { url: \"https://m.example\" } }")]
    [InlineData("upstreams: { mine: { url: \"https://m.example\" } }, authenticators: { corp: { type: htpasswd, file: users } }")]
    public void A_name_that_mayUse_lists_is_not_given_another_meaning(string define) =>
        Assert.Contains(Assert.Single(Read($"{Routes}define: {{ {define} }}").Faults).Errors, error => error.Message.Contains("shared"));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tenant_has_clusters_of_its_own_at_public_addresses(bool isManaged)
    {
        const string Part = """
            routes: [ { prefix: "", upstream: hub } ]
            authenticators: [pods]
            access: [ { name: ci, who: ["subject:pods/one/system:serviceaccount:ci:*"], repositories: ["**"], actions: [push] } ]
            define:
              authenticators:
                pods:
                  type: kubernetes
                  audience: acme
                  require: { kubernetes.io/namespace: ci }
                  clusters:
                    one: { issuer: "https://one.example" }
                    two: { issuer: "https://two.example", endpoint: "https://api.two.example" }
            """;
        List<string> Errors(string part)
        {
            var read = Read(isManaged ? "routes: [ { prefix: \"\", upstream: hub } ]" : part);
            var errors = isManaged
                ? ManagedPart.Read(read.Snapshot!.Configuration, read.Snapshot.Configuration.Tenants["acme"], new Secret(part)).Errors
                : read.AllErrors;
            return [.. errors.Select(error => error.Message)];
        }

        Assert.Empty(Errors(Part));
        if (!isManaged)
        {
            var pods = Read(Part).Snapshot!.Configuration.AuthenticatorOf("acme", "pods");
            Assert.All(
                Assert.IsType<KubernetesClustersConfiguration>(pods).Clusters.Values,
                cluster => Assert.True(cluster is { IsOfTenant: true, AllowPrivate: false }));
        }

        Assert.Contains("loopback and private addresses are the operator's", Assert.Single(
            Errors(Part.Replace("\"https://one.example\"", "\"https://one.example\", allowPrivate: true"))));
        var many = string.Join(", ", Enumerable.Range(0, 201).Select(number => $"c{number}: {{ issuer: \"https://c{number}.example\" }}"));
        Assert.Contains("more than 200 entries", string.Join("; ", Errors(Part.Replace("clusters:", $"clusters: {{ {many} }}\n")
            .Split("\n        one:")[0])));
    }

    [Fact]
    public void A_link_that_is_turned_later_leads_nowhere()
    {
        var result = Read($"{Routes}define: {{ upstreams: {{ mine: {{ url: \"https://m.example\", credentials: " +
            "{ type: bearer, token: { file: in } } } } }");
        Assert.Empty(result.AllErrors);
        var token = ((BearerCredentials)result.Snapshot!.Configuration.Upstreams["acme/mine"].Credentials).Token;
        Assert.Equal("tenants", token.Read().Reveal());
        File.Delete(_folder.File("secrets/in"));
        File.CreateSymbolicLink(_folder.File("secrets/in"), "../operator/pw");
        Assert.Contains("leads out of", Assert.Throws<SecretUnavailableException>(() => token.Read()).Message);
    }

    [Fact]
    public void A_hash_that_costs_others_their_time_is_refused()
    {
        _folder.Write("secrets/users", "alice:$2y$13$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        var part = "routes: [ { prefix: \"\", upstream: hub } ]\ndefine: { authenticators: { own: { type: htpasswd, file: users } } }";
        Assert.Contains("may have 12 at most", Assert.Single(Assert.Single(Read(part).Faults).Errors).Message);
    }

    /// <summary>Every key that any reader asks for, as it tells those who give one that it does not know.</summary>
    [Theory]
    [InlineData("upstreams", "url: \"https://m.example\"")]
    [InlineData("credentials", "type: anonymous")]
    [InlineData("credentials", "type: basic, username: u, password: { value: x }")]
    [InlineData("credentials", "type: bearer, token: { value: x }")]
    [InlineData("credentials", "type: ecr, region: eu-west-1")]
    [InlineData("credentials", "type: google")]
    [InlineData("credentials", "type: acr")]
    [InlineData("credentials", "type: exec, command: id")]
    [InlineData("credentials", "type: dockerConfig, file: config.yaml")]
    [InlineData("authenticators", "type: htpasswd")]
    [InlineData("authenticators", "type: ldap")]
    [InlineData("authenticators", "type: oidc")]
    [InlineData("authenticators", "type: kubernetes")]
    [InlineData("authenticators", "type: gcp-identity")]
    [InlineData("authenticators", "type: aws-sts")]
    [InlineData("authenticators", "type: aws-iid")]
    [InlineData("authenticators", "type: azure-attested")]
    [InlineData("authenticators", "type: grpc")]
    public void Whatever_is_read_is_closed_to_tenants_unless_it_is_listed_here(string section, string rest)
    {
        var listed = section switch { "upstreams" => Upstream, "credentials" => Credentials, _ => Authenticator };
        string Wrap(string inner) => section switch
        {
            "credentials" => $"upstreams: {{ x: {{ url: \"https://m.azurecr.io\", credentials: {{ {inner} }} }} }}",
            _ => $"{section}: {{ x: {{ {inner} }} }}",
        };
        var known = Known().Match(Assert.Single(
            ConfigurationFile.Parse($"{Wrap($"{rest}, nonsense: 1")}\ntenants: {{ t: {{}} }}", _folder.File("x.yaml")).Errors,
            error => error.Message.StartsWith("unknown key")).Message).Groups[1].Value.Split(", ");
        Assert.True(known.Length > 0 && known.Contains(section == "upstreams" ? "url" : "type"));
        foreach (var key in known.Except(listed))
        {
            var text = rest.Contains($"{key}:") ? rest : $"{rest}, {key}: {{ x: y }}";
            var fault = Assert.Single(Read($"{Routes}define: {{ {Wrap(text)} }}").Faults);
            Assert.Contains(fault.Errors, error => error.Message.Contains("runs programs") || (error.Field.EndsWith($".{key}")
                && (error.Message.Contains("operator") || error.Message.Contains("with nothing else")
                    || error.Message.Contains("is not for a part that a tenant administers"))));
        }
    }

    public void Dispose() => _folder.Dispose();

    private ConfigurationResult Read(string part, string secrets = "secrets: secrets,")
    {
        _folder.Write("acme.yaml", part);
        return ConfigurationFile.Read(_folder.Write("config.yaml", """
            upstreams: { hub: { url: "https://hub.example" } }
            authenticators: { corp: { type: aws-sts, accounts: ["123456789012"], serverId: x } }
            tenants:
              acme: { hosts: [a.example], publicUrl: "https://a.example", SECRETS mayUse: { upstreams: [hub], authenticators: [corp] }, file: acme.yaml }
            """.Replace("SECRETS", secrets)));
    }

    [GeneratedRegex("allowed here: (.*)$")]
    private static partial Regex Known();
}
