using System.Globalization;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>
/// Whatever a tenant writes into its part is its own harm: nothing of the operator is read, and no line of the log is forged.
/// </summary>
public sealed class HostilePartTests : IDisposable
{
    private const string Canary = "operators-canary";

    private readonly TemporaryFolder _folder = new();

    public HostilePartTests()
    {
        Directory.CreateDirectory(_folder.File("secrets"));
        Directory.CreateDirectory(_folder.File("operator"));
        _folder.Write("operator/pw", Canary);
        _folder.Write("secrets/pw", "tenants");
        File.CreateSymbolicLink(_folder.File("secrets/chain"), "chain2");
        File.CreateSymbolicLink(_folder.File("secrets/chain2"), _folder.File("operator"));
        File.CreateSymbolicLink(_folder.File("secrets/proc"), "/proc/self");
    }

    public static TheoryData<string> Files =>
    [
        "secrets/../operator/pw", "./secrets/./../operator/pw", "secrets//..//operator/pw", "/proc/self/environ", "/dev/stdin",
        "chain/pw", "secrets/chain/pw", "proc/environ", "proc/fd/0", "file:///etc/passwd", "file:operator/pw", "~/x", "$HOME/x", "${HOME}", "..", ".", "",
        "\\\\operator\\pw", "operator/pw\\0", "secrets/pw/../../operator/pw", "%2e%2e/operator/pw", "../config.yaml", "config.yaml",
    ];

    public static TheoryData<string> Texts =>
    [
        // Names that end the line, clear the screen, turn the direction, or look like another's.
        "define: { upstreams: { \"x\\n2026-01-01 crit: ALARM\": { url: \"https://m.example\" } } }",
        "define: { upstreams: { \"\\x1b[2J\\x1b[H\": { url: \"https://m.example\" } } }",
        "define: { authenticators: { \"\\u202Eproc\": { type: htpasswd, file: pw } } }",
        "define: { upstreams: { hub\u200B: { url: \"https://m.example\" } } }",
        "define: { upstreams: { \"\u04BBub\": { url: \"https://m.example\" } } }",
        "routes: [ { prefix: \"a\\r\\nSet-Cookie: x=y\", upstream: hub } ]",
        "routes: [ { prefix: \"\", upstream: \"hub\\u2028\" } ]",
        "cors: [\"https://a.example\\r\\nX: y\"]",
        "namespaces: { \"docker.io\\nx\": \"\" }",
        "access: [ { name: \"a\\u0085b\\n\", who: [anonymous], repositories: [\"**\"], actions: [pull] } ]",
        "\"\\nunknown\": 1",

        // YAML that is more than it seems.
        "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "routes: !!python/object [ ]",
        "routes: &r [ { prefix: \"\", upstream: hub } ]\naccess: *r",
        "<<: { define: { upstreams: { hub: { url: \"https://m.example\" } } } }",
        "routes: []\n---\nroutes: [ { prefix: \"\", upstream: hub } ]",
        "%YAML 1.1\n---\nroutes: []",
        "routes: []\nroutes: [ { prefix: \"\", upstream: hub } ]",
        "? { a: b }\n: c",
        "\uFEFFroutes: []\n\0",

        // What is the operator's, by another way.
        "hosts: [b.example]", "publicUrl: \"https://b.example\"", "mayUse: { upstreams: [hub] }", "managed: true", "include: [\"*\"]",
        "administrators: [\"user:own/me\"]", "egress: { proxy: \"http://127.0.0.1:1\" }", "tenants: { other: {} }", "limits: {}",
        "upstreams: { hub: { url: \"https://m.example\" } }", "secrets: operator", "file: other.yaml", "revision: 99",
        "routes: [ { prefix: \"\", upstream: other/theirs } ]", "routes: [ { prefix: \"\", upstream: \"acme/../hub2\" } ]",
        "authenticators: [other/own]", "access: [ { name: a, who: [\"user:other/own/x\"], repositories: [\"**\"], actions: [pull] } ]",
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void No_file_but_those_of_its_folder_is_read(string file)
    {
        var result = Read(
            "routes: [ { prefix: \"\", upstream: mine } ]\ndefine: { upstreams: { mine: { url: \"https://m.example\", credentials: " +
            $"{{ type: basic, username: u, password: {{ file: \"{file}\" }} }} }} }} }}");
        var mine = result.Snapshot!.Configuration.Upstreams.GetValueOrDefault("acme/mine");
        var read = "";
        try
        {
            read = (mine?.Credentials as BasicCredentials)?.Password.Read().Reveal() ?? "";
        }
        catch (SecretUnavailableException)
        {
            // It is not there, or not the tenant's.
        }

        Assert.Equal("", read);
        Said(result);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void What_it_says_beyond_its_rights_is_refused_in_lines_that_are_seen_as_they_are(string text)
    {
        var result = Read(text);
        Assert.NotEmpty(Assert.Single(result.Faults).Errors);
        Assert.True(result.Snapshot!.Configuration.Tenants["acme"].IsUnusable);
        Assert.Equal(["a.example"], result.Snapshot.Configuration.Tenants["acme"].Hosts);
        Assert.Equal(["hub", "hub2"], result.Snapshot.Configuration.Upstreams.Keys.Order());
        Assert.False(result.Snapshot.Configuration.Tenants["other"].IsUnusable);
        Said(result);
    }

    [Fact]
    public void As_many_rules_as_a_file_may_hold_are_refused_or_read_and_others_are_as_they_were()
    {
        var rule = "  - { name: r, who: [anonymous], repositories: [\"**/*/**/*/**/*/**/a\"], actions: [pull] }\n";
        var result = Read("access:\n" + string.Concat(Enumerable.Repeat(rule, (ConfigurationFile.MaxBytes - 100) / rule.Length)));
        Assert.NotEmpty(Assert.Single(result.Faults).Errors);
        Assert.False(result.Snapshot!.Configuration.Tenants["other"].IsUnusable);
        result = Read(new string('[', ConfigurationFile.MaxBytes - 100));
        Assert.NotEmpty(Assert.Single(result.Faults).Errors);
        result = Read("x: " + new string('a', ConfigurationFile.MaxBytes));
        Assert.NotEmpty(Assert.Single(result.Faults).Errors);
        Said(result);
    }

    private const string Own = "authenticators: [own]\ndefine: { authenticators: { own: { type: htpasswd, file: users } } }\n";

    [Theory]
    [InlineData("repositories", "is more than 10000 with those of the rules before")]
    [InlineData("who", "is more than 10000 with those of the rules before")]
    [InlineData("when", "is more than 10000 with those of the rules before")]
    [InlineData("text", "is more than 262144 characters with names and patterns of the rules before")]
    public void Rules_say_a_bounded_number_of_things_together(string key, string reason)
    {
        string Many(string what, string item) => string.Join(
            ", ", Enumerable.Range(0, what == key ? 1000 : 1).Select(number => $"\"{item}{number}\""));
        var pattern = key == "text" ? new string('a', 250) : "a";
        var entries = $"who: [{Many("who", "user:own/u")}], when: {{ claim: [{Many("when", "v")}] }}, " +
            $"repositories: [{Many("repositories", pattern)}], actions: [pull]";
        string Part(int rules) => Own + "routes: [ { prefix: \"\", upstream: hub } ]\naccess:\n" +
            string.Concat(Enumerable.Range(0, rules).Select(number => $"  - {{ name: r{number}, {entries} }}\n"));
        var most = key == "text" ? 1000 : 10;
        _folder.Write("secrets/users", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        Assert.Empty(Read(Part(most)).Faults);
        var error = Assert.Single(Assert.Single(Read(Part(most + (key == "text" ? 100 : 10))).Faults).Errors);
        Assert.Contains(reason, error.Message);
        Assert.True(error.Line > most, $"{error}");
    }

    [Theory]
    [InlineData("cors: [MANY]", "\"https://aN.example\"")]
    [InlineData("namespaces: {MANY}", "\"rN.example\": \"\"")]
    [InlineData("define: { upstreams: { u: { url: \"https://u.example\", redirectHosts: [MANY] } } }", "rN.example")]
    [InlineData("define: { upstreams: { u: { url: \"https://u.example\", realms: [MANY] } } }", "\"https://rN.example/token\"")]
    public void Other_lists_have_a_bounded_number_of_entries(string text, string entry)
    {
        string Part(int entries) => "routes: [ { prefix: \"\", upstream: hub } ]\n" + text.Replace(
            "MANY", string.Join(", ", Enumerable.Range(0, entries).Select(number => entry.Replace("N", $"{number}"))));

        Assert.Empty(Read(Part(1000)).Faults);
        Assert.Contains("has more than 1000 entries", Assert.Single(Assert.Single(Read(Part(1001)).Faults).Errors).Message);
    }

    public void Dispose() => _folder.Dispose();

    private ConfigurationResult Read(string part)
    {
        _folder.Write("acme.yaml", part);
        return ConfigurationFile.Read(_folder.Write("config.yaml", """
            upstreams: { hub: { url: "https://hub.example" }, hub2: { url: "https://hub2.example" } }
            tenants:
              acme: { hosts: [a.example], publicUrl: "https://a.example", secrets: secrets, mayUse: { upstreams: [hub] }, file: acme.yaml }
              other: { hosts: [o.example], publicUrl: "https://o.example", routes: [ { prefix: "", upstream: hub2 } ] }
            """));
    }

    /// <summary>What operators see of it is one line each, without a secret.</summary>
    private static void Said(ConfigurationResult result)
    {
        foreach (var line in result.AllErrors.Concat(result.Warnings).Select(error => error.ToString()))
        {
            Assert.DoesNotContain(Canary, line);
            Assert.DoesNotContain(line, c => CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
        }
    }
}
