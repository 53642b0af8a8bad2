using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>The part of a tenant may be kept in the state; it is read as a file of the tenant would be, without any file.</summary>
public sealed class ManagedPartTests : IDisposable
{
    private const string Operators = """
        upstreams: { hub: { url: "https://hub.example" }, secret: { url: "https://secret.example" } }
        authenticators:
          corp: { type: htpasswd, file: htpasswd }
          other: { type: aws-sts, accounts: ["123456789012"], serverId: y }
        state: { provider: file, file: { path: state }, encryptionKeys: [ { id: k, key: { value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" } } ] }
        tenants:
          acme: { hosts: [a.example], publicUrl: "https://a.example", mayUse: { upstreams: [hub], authenticators: [corp] }, administrators: ["user:corp/alice"], managed: true }
          other: { hosts: [o.example], publicUrl: "https://o.example", routes: [ { prefix: "", upstream: secret } ], access: [ { name: a, who: [anonymous], repositories: ["**"], actions: [pull] } ] }
        """;

    private const string Good = """
        authenticators: [corp]
        routes: [ { prefix: "", upstream: hub } ]
        access: [ { name: all, who: ["authenticator:corp"], repositories: ["**"], actions: [pull] } ]
        """;

    private readonly TemporaryFolder _folder = new();

    public ManagedPartTests() => _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");

    [Fact]
    public void Nothing_is_wrong_with_a_part_that_was_not_read_yet_or_never_written()
    {
        var files = new ConfigurationFiles(_folder.Write("config.yaml", Operators));
        var unread = files.Read();
        Assert.Empty(unread.AllErrors);
        Assert.Empty(unread.Warnings);
        Assert.Empty(unread.Snapshot!.Missing);
        Assert.True(unread.Snapshot.Configuration.Tenants["acme"].IsUnusable);
        files.Managed.Take([new("acme", null)]);
        var empty = files.Read();
        Assert.NotEqual(unread.Snapshot.Version, empty.Snapshot!.Version);
        Assert.True(empty.Snapshot.Configuration.Tenants["acme"] is { IsUnusable: false, Routes: [], Access: [], IsManaged: true });
    }

    [Fact]
    public void What_the_state_says_is_the_tenants_part_and_no_part_of_a_revision()
    {
        using var watcher = Watch();
        var (before, changes) = (SharedSections.Of(watcher.Current).Content, 0);
        watcher.Changed += () => changes++;
        watcher.Managed.Take([new("acme", new Secret(Good)), new("other", new Secret("routes: nonsense"))]);
        var tenant = watcher.Current.Configuration.Tenants["acme"];
        Assert.Equal(("corp", "hub"), (tenant.Authenticators[0], tenant.Routes[0].Upstreams[0]));
        Assert.Equal(["a.example"], tenant.Hosts);
        Assert.Equal("managed:acme", Assert.Single(watcher.Current.Parts).Name);
        Assert.Equal(before, SharedSections.Of(watcher.Current).Content);
        Assert.Empty(SharedSections.Of(watcher.Current).Parts);
        Assert.Equal("a", watcher.Current.Configuration.Tenants["other"].Access[0].Name);
        watcher.Managed.Take([new("acme", new Secret(Good))]);
        Assert.Equal(1, changes);
    }

    [Fact]
    public void A_faulty_part_leaves_the_last_good_one_in_use_and_concerns_nobody_else()
    {
        using var watcher = Watch();
        watcher.Managed.Take([new("acme", new Secret(Good))]);
        watcher.Managed.Take([new("acme", new Secret(Good.Replace("upstream: hub", "upstream: secret")))]);
        var fault = Assert.Single(watcher.LastFaults);
        Assert.Equal(("managed:acme", "managed:acme", true), (fault.Part, fault.File, fault.IsKept));
        Assert.Equal(2, Assert.Single(fault.Errors).Line);
        Assert.Equal("hub", watcher.Current.Configuration.Tenants["acme"].Routes[0].Upstreams[0]);
        watcher.Managed.Take([new("acme", new Secret(Good))]);
        Assert.Empty(watcher.LastFaults);
    }

    [Fact]
    public void What_the_operator_takes_away_is_not_used_any_more_and_comes_back_with_the_right()
    {
        var files = new ConfigurationFiles(_folder.Write("config.yaml", Operators));
        files.Read();
        files.Managed.Take([new("acme", new Secret(Good))]);
        Assert.False(files.Read().Snapshot!.Configuration.Tenants["acme"].IsUnusable);
        Rewrite(files, Operators.Replace("upstreams: [hub]", "upstreams: [secret]"));
        var taken = files.Read();
        Assert.True(taken.Snapshot!.Configuration.Tenants["acme"] is { IsUnusable: true, IsManaged: true });
        Assert.Contains("there is no upstream 'hub'", Assert.Single(Assert.Single(taken.Faults).Errors).Message);
        Assert.False(taken.Snapshot.Configuration.Tenants["other"].IsUnusable);
        Rewrite(files, Operators);
        Assert.False(files.Read().Snapshot!.Configuration.Tenants["acme"].IsUnusable);
    }

    [Fact]
    public void A_silo_that_follows_the_configuration_of_its_cluster_has_it_too()
    {
        _folder.Write("config.yaml", $"revision: 1\n{Operators.Replace("managed: true", "routes: [ { prefix: \"\", upstream: hub } ]")}"
            .Replace("mayUse: { upstreams: [hub], authenticators: [corp] }, ", ""));
        var files = new ConfigurationFiles(_folder.File("config.yaml"));
        using var watcher = new ConfigurationWatcher(files, files.Read(), TimeProvider.System);
        var feed = new RevisionFeed(watcher, _folder.File("config.yaml"), TimeProvider.System);
        feed.Follow(2, SharedSections.Of(
            ConfigurationFile.Parse($"revision: 2\n{Operators}", _folder.File("config.yaml")).Snapshot!));
        Assert.True(feed.Current.Configuration.Tenants["acme"].IsUnusable);
        var changes = 0;
        feed.Changed += () => changes++;
        watcher.Managed.Take([new("acme", new Secret(Good))]);
        Assert.Equal((1, "corp"), (changes, feed.Current.Configuration.Tenants["acme"].Authenticators[0]));
        Assert.Null(feed.Conflict);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Errors_of_the_main_file_hold_up_no_change_of_a_tenant(bool inCluster)
    {
        _folder.Write("config.yaml", $"revision: 1\n{Operators}");
        var (files, time) = (new ConfigurationFiles(_folder.File("config.yaml")), new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        using var watcher = new ConfigurationWatcher(files, files.Read(), time);
        IConfigurationFeed feed = inCluster ? new RevisionFeed(watcher, _folder.File("config.yaml"), time) : watcher;
        (feed as RevisionFeed)?.Follow(1, SharedSections.Of(watcher.Current));
        watcher.Managed.Take([new("acme", new Secret(Good))]);
        Assert.False(feed.Current.Configuration.Tenants["acme"].IsUnusable);
        _folder.Write("config.yaml", "revision: {");
        for (var i = 0; i < 6; i++)
        {
            time.Advance(TimeSpan.FromSeconds(0.5));
        }

        Assert.True(watcher.IsMainBroken);
        watcher.Managed.Take([new("acme", new Secret(Good + "\ncors: [\"https://ui.example\"]"))]);
        Assert.Equal(["https://ui.example"], feed.Current.Configuration.Tenants["acme"].Cors);
        Assert.True(watcher.IsMainBroken);
        _folder.Write("config.yaml", $"revision: 2\n{Operators}");
        for (var i = 0; i < 6; i++)
        {
            time.Advance(TimeSpan.FromSeconds(0.5));
        }

        Assert.Equal((2, 1), (feed.Current.Configuration.Revision, feed.Current.Configuration.Tenants["acme"].Cors.Count));
    }

    [Theory]
    [InlineData("managed: true", "managed: true, secrets: x", "a managed part names no files")]
    [InlineData("managed: true", "managed: true, file: acme.yaml", "is either in 'file' or managed")]
    [InlineData("managed: true", "managed: true, routes: [ { prefix: \"\", upstream: hub } ]", "must be in the managed part, not here")]
    [InlineData("managed: true", "managed: maybe", "must be true or false")]
    [InlineData("managed: true", "routes: [ { prefix: \"\", upstream: hub } ]", "with a file of its own or a managed part")]
    public void The_operators_part_says_the_operators_alone(string good, string wrong, string message) => Assert.Contains(
        ConfigurationFile.Parse(Operators.Replace(good, wrong), _folder.File("config.yaml")).Errors, error => error.Message.Contains(message));

    [Fact]
    public void Who_is_hardly_meant_to_be_managed_so_is_told()
    {
        var text = Operators.Replace("administrators: [\"user:corp/alice\"], ", "").Replace("provider: file", "provider: memory");
        var warnings = ConfigurationFile.Parse(text, _folder.File("config.yaml")).Warnings.Select(warning => warning.Message).ToList();
        Assert.Contains(warnings, warning => warning.Contains("only operators can change its part"));
        Assert.Contains(warnings, warning => warning.Contains("the state is in memory"));
    }

    [Theory]
    [InlineData("url: \"https://m.example\", allowPrivate: true", "loopback and private addresses are the operator's")]
    [InlineData("url: \"https://m.example\", proxy: none", "the way out is the operator's")]
    [InlineData("url: \"https://m.example\", sharesContentWith: [hub]", "shares its content with nothing else")]
    [InlineData("url: \"https://m.example\", credentials: { type: exec, command: id }", "'exec' runs programs or reads files")]
    [InlineData("url: \"https://m.example\", credentials: { type: dockerConfig, file: pw }", "'dockerConfig' runs programs or reads files")]
    [InlineData("url: \"https://m.example\", credentials: { type: google }", "machine's cloud identity")]
    [InlineData("url: \"https://m.example\", credentials: { type: google, keyFile: htpasswd }", "a managed part has none")]
    [InlineData("url: \"https://m.example\", credentials: { type: basic, username: u, password: { env: HOME } }", "environment of the process")]
    [InlineData("url: \"https://m.example\", credentials: { type: basic, username: u, password: { file: htpasswd } }", "a managed part has none")]
    [InlineData("url: \"https://m.example\", tls: { ca: /etc/ssl/certs }", "a managed part has none")]
    [InlineData("url: \"https://m.example\", tls: { certificate: a, key: b }", "a managed part has none")]
    public void What_is_the_operators_is_refused_with_its_reason_and_line(string upstream, string reason)
    {
        var read = ManagedPart.Read(Running, Running.Tenants["acme"], new Secret(
            $"{Good}\ndefine:\n  upstreams:\n    mine: {{ {upstream} }}\n"));
        Assert.Contains(read.Errors, error => error.Message.Contains(reason) && error.Line == 6
            && error.Field.StartsWith("define.upstreams.mine."));
    }

    [Theory]
    [InlineData("upstream: hub", "upstream: secret", 2)]
    [InlineData("[corp]", "[corp, other]", 1)]
    [InlineData("routes:", "hosts: [b.example]\nroutes:", 2)]
    [InlineData("[pull]", "[pul]", 3)]
    [InlineData("[pull] } ]", "[pull] }", 3)]
    [InlineData("routes:", "define: { upstreams: { hub: { url: \"https://m.example\" } } }\nroutes:", 2)]
    [InlineData("routes:", "define: { authenticators: { corp: { type: ldap } } }\nroutes:", 2)]
    public void Errors_are_told_by_line_before_anything_is_changed(string good, string wrong, int line)
    {
        Assert.Empty(ManagedPart.Read(Running, Running.Tenants["acme"], new Secret(Good)).Errors);
        Assert.Contains(
            ManagedPart.Read(Running, Running.Tenants["acme"], new Secret(Good.Replace(good, wrong))).Errors, error => error.Line == line);
    }

    [Fact]
    public void What_would_be_in_files_stands_in_the_part_itself()
    {
        var files = new ConfigurationFiles(_folder.Write("config.yaml", Operators));
        files.Read();
        using var key = System.Security.Cryptography.ECDsa.Create();
        var ca = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=ca", key, System.Security.Cryptography.HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1)).ExportCertificatePem();
        var pem = System.Text.Json.JsonSerializer.Serialize(ca);
        var part = $$"""
            authenticators: [ci, jobs]
            routes: [ { prefix: "", upstream: mine } ]
            access: [ { name: all, who: ["group:ci/dev", "authenticator:jobs"], repositories: ["**"], actions: [pull] } ]
            define:
              upstreams: { mine: { url: "https://m.example", tls: { ca: { inline: {{pem}} } } } }
              authenticators:
                ci:
                  type: htpasswd
                  groups: { dev: [bob] }
                  file:
                    value: |
                      bob:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW
                jobs: { type: oidc, issuer: "https://i.example", audience: a, require: { team: x }, jwks: { inline: '{"keys": [{}]}' } }
            """;
        files.Managed.Take([new("acme", new Secret(part))]);
        var result = files.Read();
        Assert.Empty(result.AllErrors);
        Assert.Empty(result.Warnings);
        var read = result.Snapshot!.Configuration;
        Assert.Single(read.Upstreams["acme/mine"].Tls!.Ca!.Load());
        var ci = Assert.IsType<HtpasswdConfiguration>(read.Authenticators["acme/ci"]);
        Assert.True(ci.TryRead(out var users, out _));
        Assert.Equal(["bob"], users.Hashes.Keys);
        Assert.Empty(ci.Files);
        Assert.IsType<InlineKeys>(((TokenIssuerConfiguration)read.Authenticators["acme/jobs"]).Keys);
        var hidden = RegistryProxy.Files.Yaml.YamlSecrets.Hide(part);
        Assert.DoesNotContain("$2y$", hidden);
        Assert.Contains("BEGIN CERTIFICATE", hidden);

        foreach (var (good, wrong, line, saying) in new[]
        {
            (pem, "nonsense", 5, "there is no certificate"), ("'{\"keys\": [{}]}'", "'{}'", 13, "is not a JSON Web Key Set"),
            ("bob:$2y$04", "bob:$1$04", 11, "value:1: the hash of 'bob' is not bcrypt"), ("$2y$04", "$2y$13", 11, "may have 12 at most"),
            ("value: |", "values: |", 11, "is required"),
        })
        {
            var errors = ManagedPart.Read(Running, Running.Tenants["acme"], new Secret(part.Replace(good, wrong))).Errors;
            Assert.True(errors.Any(error => error.Message.Contains(saying) && Math.Abs(error.Line - line) <= 1),
                $"{wrong}: {string.Join('\n', errors)}");
            Assert.DoesNotContain("CCCCCC", string.Join('\n', errors));
        }

        // The operator's own, and files of tenants, name files.
        Assert.NotEmpty(ConfigurationFile.Parse(
            Operators.Replace("file: htpasswd", "file: { value: x }"), _folder.File("config.yaml")).Errors);
    }

    public void Dispose() => _folder.Dispose();

    private FrontDoorConfiguration Running => ConfigurationFile.Parse(Operators, _folder.File("config.yaml")).Snapshot!.Configuration;

    private void Rewrite(ConfigurationFiles files, string text)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        _folder.Write("config.yaml", text);
        files.Look(time);
        time.Advance(TimeSpan.FromSeconds(20));
        files.Look(time);
    }

    private ConfigurationWatcher Watch()
    {
        var files = new ConfigurationFiles(_folder.Write("config.yaml", Operators));
        return new ConfigurationWatcher(files, files.Read(), TimeProvider.System);
    }
}
