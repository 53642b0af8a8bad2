using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>A secret file that cannot be read changes nothing, and operators are told when that begins and when it ends.</summary>
public sealed class LastingSecretsTests : IDisposable
{
    private const string Section = "authenticators.staff.bindPassword";

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly LogLines<LastingSecrets> _log = new();
    private readonly FixedConfiguration _feed;
    private readonly LastingSecrets _secrets;

    public LastingSecretsTests()
    {
        _feed = new FixedConfiguration(Read("staff"));
        _secrets = new LastingSecrets(_feed, _time, _log);
        _folder.Write("secret", "canary\n");
    }

    [Fact]
    public void What_was_read_last_is_used_until_it_can_be_read_again()
    {
        Assert.Equal("canary", Reveal());
        File.Delete(_folder.File("secret"));
        Assert.Equal(("canary", "canary"), (Reveal(), Reveal()));
        var line = Assert.Single(_log.Lines);
        Assert.StartsWith($"{Section} cannot be used since ", line);
        Assert.EndsWith("is missing; the previous content stays in use", line);
        Assert.NotNull(_secrets.ProblemOf(Section));
        _folder.Write("secret", "next");
        Assert.Equal("next", Reveal());
        Assert.StartsWith($"{Section} can be used again after ", _log.Lines[^1]);
        Assert.Null(_secrets.ProblemOf(Section));
        Assert.DoesNotContain("canary", string.Concat(_log.Lines));
    }

    [Fact]
    public void Its_end_is_noticed_though_nobody_uses_it()
    {
        Reveal();
        _folder.Write("secret", "");
        Reveal();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull(_secrets.ProblemOf(Section));
        _folder.Write("secret", "next");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_secrets.ProblemOf(Section));
        Assert.Equal(2, _log.Lines.Count);
    }

    [Fact]
    public void One_that_never_could_be_read_or_was_for_something_else_is_an_error()
    {
        Reveal();
        File.Delete(_folder.File("secret"));
        Assert.Equal("canary", Reveal());
        Assert.Throws<SecretUnavailableException>(() => Reveal("ldaps://other"));
        Assert.Null(_secrets.ProblemOf(Section));
        Assert.Throws<SecretUnavailableException>(() => Reveal());
    }

    [Fact]
    public void What_is_not_configured_any_more_is_forgotten()
    {
        Reveal();
        File.Delete(_folder.File("secret"));
        Reveal();
        _feed.Replace(Read("others"));
        Assert.Null(_secrets.ProblemOf(Section));
        Assert.Throws<SecretUnavailableException>(() => Reveal());
    }

    public void Dispose()
    {
        _secrets.Dispose();
        _folder.Dispose();
    }

    private string Reveal(string purpose = "ldaps://directory") =>
        _secrets.Read(Section, purpose, new FileSecret(_folder.File("secret")).Read).Reveal();

    private ConfigurationSnapshot Read(string authenticator)
    {
        var result = ConfigurationFile.Read(_folder.Write("config.yaml", $$"""
            upstreams: { up: { url: "https://registry.example" } }
            authenticators: { {{authenticator}}: { type: ldap, url: "ldaps://directory", userDn: "uid={0},dc=example" } }
            tenants: { acme: { hosts: ["*"], authenticators: [{{authenticator}}], routes: [{ prefix: "", upstream: up }] } }
            """));
        Assert.Empty(result.Errors);
        return result.Snapshot!;
    }
}
