using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Configuration;

/// <summary>What is wrong with one file takes nothing from the others, in a cluster neither.</summary>
public sealed class IncludedFaultTests : IDisposable
{
    private const string Main = """
        revision: 2
        include: ["tenants.d/*.yaml"]
        upstreams: { hub: { url: "https://hub.example" }, other: { url: "https://other.example" } }
        authenticators: { corp: { type: aws-sts, accounts: ["123456789012"], serverId: x } }
        """;

    private const string Operators = """
        hosts: [acme.example], publicUrl: "https://acme.example", secrets: secrets, file: own/acme.yaml,
        mayUse: { upstreams: [hub], authenticators: [corp] }
        """;

    private const string Part = """
        authenticators: [corp, own]
        routes: [ { prefix: "", upstream: hub } ]
        access: [ { name: all, who: ["user:own/alice"], repositories: ["**"], actions: [pull] } ]
        define: { authenticators: { own: { type: htpasswd, file: users } } }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public IncludedFaultTests()
    {
        foreach (var folder in new[] { "tenants.d", "own", "secrets" })
        {
            Directory.CreateDirectory(_folder.File(folder));
        }

        _folder.Write("secrets/users", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        _folder.Write("own/acme.yaml", Part);
        _folder.Write("config.yaml", WithAcme(Main));
        _folder.Write("tenants.d/a.yaml", "upstreams: { mine: { url: \"https://mine.example\" } }");
        _folder.Write("tenants.d/b.yaml", Tenant("b", "mine"));
    }

    [Theory]
    [InlineData("upstreams: { mine: { url: nonsense } }")]
    [InlineData("upstreams: { mine: { url: \"https://mine.example\", nonsense: 1 } }")]
    [InlineData("upstreams: { hub: { url: \"https://evil.example\" } }")]
    [InlineData("upstreams: {")]
    public void A_file_whose_names_others_need_goes_on_with_its_last_good_text_and_they_with_theirs(string text)
    {
        using var watcher = Watch();
        Assert.Empty(watcher.LastErrors);
        _folder.Write("tenants.d/a.yaml", text);
        Pass();
        var fault = Assert.Single(watcher.LastFaults);
        Assert.Equal("file:tenants.d/a.yaml", fault.Part);
        Assert.True(fault.IsKept);
        Assert.DoesNotContain(watcher.Current.Configuration.Tenants.Values, tenant => tenant.IsUnusable);
        Assert.True(watcher.Current.Configuration.Upstreams.ContainsKey("mine"));
    }

    [Fact]
    public void At_the_start_a_broken_file_that_the_main_one_needs_is_no_fault_of_that()
    {
        _folder.Write("tenants.d/a.yaml", "upstreams: { mine: { url: nonsense } }");
        _folder.Write("config.yaml", WithAcme(Main).Replace("upstreams: [hub]", "upstreams: [hub, mine]")
            .Replace("https://other.example\"", "https://other.example\", sharesContentWith: [mine]"));
        var result = Read();
        Assert.Empty(result.Errors);
        Assert.Equal(["acme", "b"], result.Snapshot!.Configuration.Tenants.Keys.Order());
    }

    [Fact]
    public void A_part_in_use_stays_in_use_when_a_file_that_it_names_goes_bad()
    {
        using var watcher = Watch();
        _folder.Write("secrets/users", "nonsense");

        // Both would have the part read again.
        _folder.Write("config.yaml", WithAcme(Main).Replace("serverId: x", "serverId: y")
            .Replace("[acme.example]", "[acme.example, second.example]"));
        Pass();
        Assert.Equal(["acme.example", "second.example"], watcher.Current.Configuration.Tenants["acme"].Hosts);
        Assert.False(watcher.Current.Configuration.Tenants["acme"].IsUnusable);
        _folder.Write("own/acme.yaml", "routes: {");
        Pass();
        Assert.True(Assert.Single(watcher.LastFaults).IsKept);
        _folder.Write("own/acme.yaml", Part);
        Pass();
        Assert.Empty(watcher.LastErrors);
        Assert.False(watcher.Current.Configuration.Tenants["acme"].IsUnusable);
    }

    [Fact]
    public void In_a_cluster_the_edit_of_a_tenant_alarms_and_turns_no_silo_unready()
    {
        using var watcher = Watch();
        var feed = new RevisionFeed(watcher, _folder.File("config.yaml"), _time);
        var followed = SharedSections.Of(watcher.Current);
        feed.Follow(2, new SharedSections(followed.Text, followed.Content, followed.Parts));
        _folder.Write("own/acme.yaml", $"{Part}\ncors: [\"https://ui.example\"]");
        Pass();
        Assert.Null(feed.Conflict);
        Assert.StartsWith("1 included or tenant file(s) differ from those of the cluster under revision", feed.Alarm);
        Assert.Empty(feed.Current.Configuration.Tenants["acme"].Cors);
        _folder.Write("config.yaml", WithAcme(Main).Replace("other.example", "else.example"));
        Pass();
        Assert.Contains("give it a higher one", feed.Conflict);
        _folder.Write("config.yaml", WithAcme(Main).Replace("revision: 2", "revision: 3"));
        Pass();
        Assert.Equal((null, null), (feed.Conflict, feed.Alarm));
        Assert.NotEmpty(feed.Current.Configuration.Tenants["acme"].Cors);
    }

    [Fact]
    public void A_part_of_the_cluster_that_is_of_no_use_here_is_a_fault_of_that_tenant_until_it_is_mended()
    {
        using var authority = TestCertificates.Authority("own");
        _folder.Write("secrets/ca.pem", authority.ExportCertificatePem());
        _folder.Write("own/acme.yaml", Part.Replace(
            "users } } }", "users } }, upstreams: { own: { url: \"https://own.example\", tls: { ca: ca.pem } } } }"));
        var read = Read();
        Assert.Empty(read.AllErrors);
        var followed = SharedSections.Of(read.Snapshot!);
        _folder.Write("secrets/ca.pem", "nonsense");
        _folder.Write("own/acme.yaml", "routes: [ { prefix: \"\", upstream: hub } ]");
        using var watcher = Watch();
        var feed = new RevisionFeed(watcher, _folder.File("config.yaml"), _time);
        feed.Follow(2, followed);
        Assert.True(feed.IsUsable);
        Assert.Null(feed.Conflict);
        Assert.StartsWith("1 included or tenant file(s) of the cluster cannot be used on this silo", feed.Alarm);
        Assert.True(feed.Current.Configuration.Tenants["acme"].IsUnusable);
        Assert.False(feed.Current.Configuration.Tenants["b"].IsUnusable);
        Assert.Equal(followed.Content, feed.Highest.Sections.Content);
        _folder.Write("secrets/ca.pem", authority.ExportCertificatePem());
        for (var i = 0; i < 20; i++)
        {
            feed.Follow(2, feed.Highest.Sections);
        }

        Assert.False(feed.Current.Configuration.Tenants["acme"].IsUnusable);
        Assert.Empty(feed.Faults);
    }

    [Theory]
    [InlineData("own/*.yaml")]
    [InlineData("secrets/*")]
    public void What_a_tenant_writes_is_never_read_with_the_rights_of_an_operator(string pattern)
    {
        _folder.Write("config.yaml", WithAcme(Main).Replace("tenants.d/*.yaml", $"tenants.d/*.yaml\", \"{pattern}"));
        _folder.Write("own/acme.yaml", "upstreams: { hub: { url: \"https://evil.example\" }, new: { url: \"https://evil.example\" } }");
        File.Copy(_folder.File("own/acme.yaml"), _folder.File("secrets/x.yaml"));
        var result = Read();
        Assert.Empty(result.Errors);
        Assert.Equal(["hub", "mine", "other"], result.Snapshot!.Configuration.Upstreams.Keys.Order());
        Assert.Contains(result.AllErrors, error => error.Message.Contains("is a file that tenant 'acme' writes"));
    }

    [Theory]
    [InlineData("file: own/acme.yaml", "file: config.yaml", "is the main file")]
    [InlineData("file: own/acme.yaml", "file: ./own/../config.yaml", "is the main file")]
    [InlineData("file: own/acme.yaml", "file: secrets/acme.yaml", "lies in the folder 'secrets' of tenant 'acme'")]
    [InlineData("secrets: secrets", "secrets: .", "holds the main file")]
    public void A_file_that_is_somebody_elses_is_refused(string good, string wrong, string message)
    {
        _folder.Write("config.yaml", WithAcme(Main).Replace(good, wrong));
        Assert.Contains(Read().Errors, error => error.Message.Contains(message));
    }

    [Fact]
    public void Two_tenants_have_no_file_together_and_no_link_leads_out_of_its_folder()
    {
        _folder.Write("tenants.d/c.yaml",
            "tenants: { c: { hosts: [c.example], publicUrl: \"https://c.example\", file: own/acme.yaml, mayUse: { upstreams: [hub] } } }");
        Assert.Contains("'file' is also that of tenant 'acme'", Assert.Single(Assert.Single(Read().Faults).Errors).Message);
        File.Delete(_folder.File("tenants.d/c.yaml"));
        File.Delete(_folder.File("own/acme.yaml"));
        File.CreateSymbolicLink(_folder.File("own/acme.yaml"), "../config.yaml");
        Assert.Contains("leads out of", Assert.Single(Read().AllErrors).Message);
    }

    [Fact]
    public void A_mebibyte_of_mistakes_costs_little_and_is_read_once()
    {
        var text = new StringBuilder("routes: [ { prefix: \"\", upstream: hub } ]\naccess:\n");
        for (var i = 0; i < 4900; i++)
        {
            text.Append("- { name: r").Append(i).Append(", whoo: [anonimous], repositries: [\"**\"], actoins: [pul] }\n");
        }

        _folder.Write("own/acme.yaml", text.ToString());
        var began = Stopwatch.GetTimestamp();
        using var watcher = Watch();
        var first = Stopwatch.GetElapsedTime(began);
        Assert.Equal(ErrorList.MaxErrors + 1, watcher.LastErrors.Count);
        Assert.True(first < TimeSpan.FromSeconds(10), $"{first}");
        began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 30; i++)
        {
            Pass();
        }

        var later = Stopwatch.GetElapsedTime(began);
        Assert.True(later < first * 5 + TimeSpan.FromSeconds(1), $"{later} after {first}");
        _folder.Write("own/acme.yaml", Part);
        Pass();
        Assert.Empty(watcher.LastErrors);
    }

    [Fact]
    public void A_tenant_defines_and_lists_a_bounded_number()
    {
        var many = string.Join(", ", Enumerable.Range(0, 101).Select(i => $"u{i}: {{ url: \"https://u{i}.example\" }}"));
        _folder.Write("own/acme.yaml", $"routes: [ {{ prefix: \"\", upstream: hub }} ]\ndefine: {{ upstreams: {{ {many} }} }}");
        Assert.Contains("more than 100 entries", Assert.Single(Read().AllErrors).Message);
        var routes = string.Join(", ", Enumerable.Range(0, 5001).Select(i => $"{{ prefix: p{i}, upstream: hub }}"));
        _folder.Write("own/acme.yaml", $"routes: [ {routes} ]");
        Assert.Contains("more than 5000 entries", Assert.Single(Read().AllErrors).Message);
    }

    [Fact]
    public void A_folder_that_is_empty_all_at_once_keeps_what_was_in_it()
    {
        using var watcher = Watch();
        File.Delete(_folder.File("tenants.d/a.yaml"));
        File.Delete(_folder.File("tenants.d/b.yaml"));
        Pass();
        Assert.Equal(["acme", "b"], watcher.Current.Configuration.Tenants.Keys.Order());
        var fault = Assert.Single(watcher.LastFaults, one => one.Part == "file:tenants.d/*.yaml");
        Assert.True(fault.IsKept);
        Assert.DoesNotContain("file:tenants.d/*.yaml", watcher.Current.Missing);
    }

    [Fact]
    public void A_file_below_each_of_some_folders_need_not_be_in_all_and_one_that_always_changes_holds_up_none()
    {
        Directory.CreateDirectory(_folder.File("teams/x"));
        Directory.CreateDirectory(_folder.File("teams/y"));
        _folder.Write("teams/x/tenant.yaml", Tenant("x", "hub"));
        _folder.Write("config.yaml", WithAcme(Main).Replace("tenants.d/*.yaml", "tenants.d/*.yaml\", \"teams/*/tenant.yaml"));
        using var watcher = Watch();
        Assert.Empty(watcher.LastErrors);
        _folder.Write("tenants.d/b.yaml", Tenant("b", "other"));
        for (var i = 0; i < 24; i++)
        {
            _folder.Write("teams/x/tenant.yaml", $"{Tenant("x", "hub")} # {i}");
            _time.Advance(TimeSpan.FromSeconds(0.5));
        }

        Assert.Equal("other", watcher.Current.Configuration.Tenants["b"].Routes[0].Upstreams[0]);
    }

    public void Dispose() => _folder.Dispose();

    private static string WithAcme(string main) => $"{main}\ntenants: {{ acme: {{ {Operators.ReplaceLineEndings(" ")} }} }}";

    private static string Tenant(string name, string upstream) =>
        $"tenants: {{ {name}: {{ hosts: [{name}.example], publicUrl: \"https://{name}.example\", " +
        $"routes: [ {{ prefix: \"\", upstream: {upstream} }} ] }} }}";

    private ConfigurationResult Read() => ConfigurationFile.Read(_folder.File("config.yaml"));

    private ConfigurationWatcher Watch()
    {
        var files = new ConfigurationFiles(_folder.File("config.yaml"));
        return new ConfigurationWatcher(files, files.Read(), _time);
    }

    private void Pass()
    {
        for (var i = 0; i < 4; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(0.5));
        }
    }
}
