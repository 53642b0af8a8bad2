using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Configuration;

/// <summary>
/// The cluster follows a text that names files which are not on this machine yet: what names them goes without, and all else is decided.
/// </summary>
public sealed class ClusterFilesElsewhereTests : IDisposable
{
    private const string Users = "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n";
    private const string Keys =
        """{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}""";

    private const string Before = """
        revision: 1
        upstreams: { hub: { url: "https://hub.example" } }
        authenticators: { staff: { type: htpasswd, file: staff } }
        tenants:
          acme: { hosts: [a.example], publicUrl: "https://a.example", authenticators: [staff], routes: [{ prefix: "", upstream: hub }] }
        """;

    private const string After = """
        revision: 2
        upstreams:
          hub: { url: "https://hub.example" }
          docker: { url: "https://a.example", credentials: { type: dockerConfig, file: docker.json } }
          helper: { url: "https://b.example", credentials: { type: exec, command: ./helper } }
        authenticators:
          staff: { type: htpasswd, file: staff }
          more: { type: htpasswd, file: more, groups: { dev: [carol] } }
          ci: { type: oidc, issuer: "https://ci.example", audience: door, require: { a: b }, jwks: { file: keys.json } }
          corp: { type: ldap, url: "ldaps://ldap.example", baseDn: "dc=a", userFilter: "(uid={0})", ca: ldap-ca.crt }
          machines: { type: azure-attested, subscriptions: ["s"], roots: roots }
        tenants:
          acme:
            { hosts: [a.example], publicUrl: "https://a.example", authenticators: [staff, more, ci, corp, machines],
              routes: [{ prefix: "", upstream: hub }] }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _other = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task Only_what_names_them_goes_without_until_they_come()
    {
        foreach (var folder in new[] { _folder, _other })
        {
            folder.Write("staff", Users);
            folder.Write("config.yaml", Before);
        }

        WriteNew(_other);
        _other.Write("config.yaml", After);
        var followed = ConfigurationFile.Read(_other.File("config.yaml"));
        Assert.Empty(followed.AllErrors);

        var (watcher, feed) = Follow(followed);
        using var watching = watcher;
        Assert.Null(feed.Conflict);
        Assert.True(feed.IsUsable);
        var tenant = feed.Current.Configuration.Tenants["acme"];
        Assert.Equal(["staff", "more", "ci", "corp", "machines"], tenant.Authenticators);

        using var directory = new AuthenticatorDirectory(
            feed, new AuthenticatorFactory(new PasswordWork(), null!, null!, null!, _time, NullLoggerFactory.Instance), _time,
            NullLogger<AuthenticatorDirectory>.Instance);
        Assert.Equal(VerdictKind.Refused, await Login(directory.Find(tenant, "staff"), "alice"));
        Assert.Equal(VerdictKind.Unavailable, await Login(directory.Find(tenant, "more"), "bob"));
        Assert.Equal(VerdictKind.Unavailable, (await ((ITokenAuthenticator)directory.Find(tenant, "ci")!).Verify(
            new PresentedCredential("acme", new Secret("a.b.c")), TestContext.Current.CancellationToken)).Kind);
        Assert.Equal(VerdictKind.Unavailable, (await directory.Find(tenant, "more")!.Recheck(
            new VerifiedIdentity("more", "bob", [], new Dictionary<string, string>(), ""), TestContext.Current.CancellationToken)).Kind);
        Assert.Contains(UnusableFiles.Now(), file => file.Section == "authenticators.more");

        WriteNew(_folder);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEqual(VerdictKind.Unavailable, await Login(directory.Find(tenant, "more"), "bob"));
        Assert.DoesNotContain(UnusableFiles.Now(), file => file.Section == "authenticators.more");
    }

    [Fact]
    public void Parts_of_tenants_and_included_files_go_without_as_the_main_file_does()
    {
        foreach (var folder in new[] { _folder, _other })
        {
            folder.Write("staff", Users);
            folder.Write("config.yaml", Before);
            Directory.CreateDirectory(folder.File("secrets"));
            Directory.CreateDirectory(folder.File("more.d"));
        }

        _other.Write("more", Users);
        _other.Write("secrets/users", Users);
        _other.Write("acme.yaml", """
            authenticators: [own]
            routes: [ { prefix: "", upstream: hub } ]
            define: { authenticators: { own: { type: htpasswd, file: users } } }
            """);
        _other.Write("more.d/b.yaml", """
            authenticators: { more: { type: htpasswd, file: more } }
            tenants: { b: { hosts: [b.example], publicUrl: "https://b.example", authenticators: [more], routes: [{ prefix: "", upstream: hub }] } }
            """);
        var followed = ConfigurationFile.Read(_other.Write("config.yaml", """
            revision: 2
            include: ["more.d/*.yaml"]
            upstreams: { hub: { url: "https://hub.example" } }
            tenants:
              acme: { hosts: [a.example], publicUrl: "https://a.example", secrets: secrets, mayUse: { upstreams: [hub] }, file: acme.yaml }
            """));
        Assert.Empty(followed.AllErrors);

        var (watcher, feed) = Follow(followed);
        using var watching = watcher;
        Assert.True(feed.IsUsable);
        Assert.Empty(feed.Faults);
        var tenants = feed.Current.Configuration.Tenants;
        Assert.Equal((false, false), (tenants["acme"].IsUnusable, tenants["b"].IsUnusable));
        Assert.Equal("own", Assert.Single(tenants["acme"].Authenticators));
    }

    [Fact]
    public void In_the_file_of_this_machine_they_are_errors()
    {
        _folder.Write("staff", Users);
        var read = ConfigurationFile.Read(_folder.Write("config.yaml", After));
        Assert.Equal(
            ["authenticators.ci.jwks.file", "authenticators.corp.ca", "authenticators.machines.roots", "authenticators.more.file",
                "upstreams.docker.credentials.file", "upstreams.helper.credentials.command"], read.Errors.Select(error => error.Field).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_all_gateways_would_be_told_to_do_without_must_be_on_each_machine()
    {
        const string Tls = """{ url: "https://hub.example", tls: { ca: new-ca.crt, certificate: new.crt, key: new.key } }""";
        foreach (var folder in new[] { _folder, _other })
        {
            WriteNew(folder);
            folder.Write("staff", Users);
            folder.Write("config.yaml", Before);
        }

        _other.Write("config.yaml", After.Replace("""{ url: "https://hub.example" }""", Tls, StringComparison.Ordinal));
        var followed = ConfigurationFile.Read(_other.File("config.yaml"));
        Assert.Empty(followed.AllErrors);
        File.Delete(_folder.File("new-ca.crt"));

        var (watcher, feed) = Follow(followed);
        using var watching = watcher;
        Assert.False(feed.IsUsable);
        Assert.Equal(1, feed.Current.Configuration.Revision);
    }

    /// <summary>This machine with what another one made the cluster follow.</summary>
    private (ConfigurationWatcher Watcher, RevisionFeed Feed) Follow(ConfigurationResult followed)
    {
        var path = _folder.File("config.yaml");
        var watcher = new ConfigurationWatcher(path, ConfigurationFile.Read(path).Snapshot!, _time);
        var feed = new RevisionFeed(watcher, path, _time);
        feed.Follow(2, SharedSections.Of(followed.Snapshot!));
        return (watcher, feed);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _folder.Dispose();
        _other.Dispose();
    }

    private static async Task<VerdictKind> Login(IAuthenticator? authenticator, string user) =>
        (await ((IPasswordAuthenticator)authenticator!).Verify(
            user, new Secret("wrong"), new PasswordSource("acme", CallerAddress.Of("127.0.0.1"), IsKnown: false),
            TestContext.Current.CancellationToken)).Kind;

    private static void WriteNew(TemporaryFolder folder)
    {
        using var authority = TestCertificates.Authority("new");
        var (certificate, key) = authority.Issue("new");
        foreach (var (name, text) in new[]
        {
            ("new-ca.crt", authority.ExportCertificatePem()), ("new.crt", certificate), ("new.key", key), ("docker.json", "{}"),
            ("helper", ""),
            ("more", Users.Replace("alice", "bob")), ("keys.json", Keys), ("ldap-ca.crt", authority.ExportCertificatePem()),
            ("roots", authority.ExportCertificatePem()),
        })
        {
            folder.Write(name, text);
        }
    }
}
