using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>Several files make one configuration, and what is wrong with one of them is of that one alone.</summary>
public sealed class IncludedFilesTests : IDisposable
{
    private const string Main = """
        include: ["tenants.d/*.yaml"]
        upstreams: { hub: { url: "https://hub.example" }, other: { url: "https://other.example" } }
        authenticators: { corp: { type: aws-sts, accounts: ["123456789012"], serverId: x } }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public IncludedFilesTests()
    {
        Directory.CreateDirectory(_folder.File("tenants.d"));
        _folder.Write("config.yaml", Main);
        Tenant("a", "hub");
        Tenant("b", "hub");
    }

    [Fact]
    public void Several_files_make_one_configuration_whose_names_are_known_in_all()
    {
        _folder.Write("tenants.d/shared.yaml", "upstreams: { mine: { url: \"https://mine.example\" } }");
        Tenant("c", "mine");
        var result = Read();
        Assert.Empty(result.AllErrors);
        Assert.Equal(["a", "b", "c"], result.Snapshot!.Configuration.Tenants.Keys.Order());
        Assert.Equal(["mine"], result.Snapshot.Configuration.Tenants["c"].Routes[0].Upstreams);
        Assert.Equal(4, result.Snapshot.Parts.Count);
    }

    [Theory]
    [InlineData("tenants: { b: { hosts: [b.example], publicUrl: \"https://b.example\", routes: [ { prefix: \"\", upstream: nowhere } ] } }", true)]
    [InlineData("tenants: { b: { hosts: [b.example], publicUrl: \"https://b.example\", routs: [] } }", true)]
    [InlineData("tenants: { b: { hosts: [b.example], hosts: [b.example] } }", false)]
    [InlineData("tenants: { b: [", false)]
    [InlineData("", false)]
    [InlineData("listen: { data: \"http://127.0.0.1:1\" }\ntenants: { b: { hosts: [b.example] } }", true)]
    [InlineData("include: [\"more/*.yaml\"]\ntenants: { b: { hosts: [b.example] } }", true)]
    public void A_file_that_is_broken_at_the_start_lets_all_others_in_and_its_hosts_are_known(string text, bool isKnown)
    {
        _folder.Write("tenants.d/b.yaml", text);
        var result = Read();
        var fault = Assert.Single(result.Faults);
        Assert.False(fault.IsKept);
        Assert.All(fault.Errors, error => Assert.EndsWith("tenants.d/b.yaml", error.File));
        Assert.False(result.Snapshot!.Configuration.Tenants["a"].IsUnusable);
        Assert.Equal(isKnown, result.Snapshot.Configuration.Tenants.TryGetValue("b", out var b) && b.IsUnusable);
        Assert.Equal(["file:tenants.d/b.yaml"], result.Snapshot.Missing);
    }

    [Fact]
    public void Whatever_a_file_is_the_others_are_read()
    {
        Directory.CreateDirectory(_folder.File("tenants.d/folder.yaml"));
        File.WriteAllBytes(_folder.File("tenants.d/latin.yaml"), [0x74, 0xE4, 0x3A]);
        File.WriteAllText(_folder.File("tenants.d/large.yaml"), new string('#', ConfigurationFile.MaxBytes + 1));
        File.WriteAllText(_folder.File("tenants.d/bomb.yaml"), "a: &a [x, x]\nb: [*a, *a]");
        File.WriteAllText(_folder.File("tenants.d/deep.yaml"), new string('[', 100_000));
        File.CreateSymbolicLink(_folder.File("tenants.d/gone.yaml"), "nowhere");
        File.CreateSymbolicLink(_folder.File("tenants.d/loop.yaml"), "loop.yaml");
        File.WriteAllText(_folder.File("tenants.d/.hidden.yaml"), "not: read");
        var result = Read();
        Assert.Equal(7, result.Faults.Count);
        Assert.All(result.Faults, fault => Assert.All(fault.Errors, error => Assert.True(error.Line >= 1 && error.Message.Length > 0)));
        Assert.Equal(["a", "b"], result.Snapshot!.Configuration.Tenants.Keys.Order());
    }

    [Theory]
    [InlineData("../*.yaml")]
    [InlineData("/etc/*.yaml")]
    [InlineData("tenants.d/../../x")]
    [InlineData("**/*.yaml")]
    public void A_pattern_that_leads_out_of_the_folder_is_an_error(string pattern)
    {
        _folder.Write("config.yaml", Main.Replace("tenants.d/*.yaml", pattern));
        Assert.Contains("must be a path below the folder", Assert.Single(Read().Errors).Message);
    }

    [Fact]
    public void A_pattern_that_matches_nothing_is_none_and_the_main_file_is_not_included()
    {
        _folder.Write("config.yaml", Main.Replace("tenants.d/*.yaml", "*.yaml\", \"nowhere/*.yaml"));
        Assert.Empty(Read().AllErrors);
    }

    [Fact]
    public void The_last_good_text_stays_in_use_until_the_file_is_mended()
    {
        using var watcher = Watch();
        Tenant("b", "nowhere");
        Tenant("a", "other");
        Pass();
        Assert.Equal("other", RouteOf(watcher, "a"));
        Assert.Equal("hub", RouteOf(watcher, "b"));
        Assert.True(Assert.Single(watcher.LastFaults).IsKept);
        Assert.Contains("there is no upstream 'nowhere'", Assert.Single(watcher.LastErrors).Message);
        Assert.NotNull(watcher.BrokenSince);
        Tenant("b", "other");
        Pass();
        Assert.Equal("other", RouteOf(watcher, "b"));
        Assert.Empty(watcher.LastErrors);
        Assert.Null(watcher.BrokenSince);
    }

    [Fact]
    public void A_fault_in_the_main_file_keeps_all_of_it()
    {
        using var watcher = Watch();
        _folder.Write("config.yaml", Main.Replace("corp: {", "corp: { nonsense: 1,"));
        Tenant("a", "other");
        Pass();
        Assert.True(watcher.IsMainBroken);
        Assert.Equal("hub", RouteOf(watcher, "a"));
        _folder.Write("config.yaml", Main);
        Pass();
        Assert.Equal("other", RouteOf(watcher, "a"));
    }

    [Fact]
    public void Files_come_and_go_once_nothing_has_changed_for_a_second()
    {
        using var watcher = Watch();
        Tenant("c", "hub");
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Tenant("d", "hub");
        _time.Advance(TimeSpan.FromSeconds(0.5));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.False(watcher.Current.Configuration.Tenants.ContainsKey("c"));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(["a", "b", "c", "d"], watcher.Current.Configuration.Tenants.Keys.Order());
        File.Delete(_folder.File("tenants.d/a.yaml"));
        Pass();
        Assert.Equal(["b", "c", "d"], watcher.Current.Configuration.Tenants.Keys.Order());
    }

    [Fact]
    public void A_folder_that_is_away_is_no_word_that_its_tenants_are_to_go()
    {
        using var watcher = Watch();
        Directory.Move(_folder.File("tenants.d"), _folder.File("away"));
        Pass();
        Assert.Equal(["a", "b"], watcher.Current.Configuration.Tenants.Keys.Order());
        Assert.NotEmpty(watcher.LastErrors);
    }

    [Fact]
    public async Task A_folder_of_Kubernetes_is_swapped_as_a_whole()
    {
        Directory.Delete(_folder.File("tenants.d"), recursive: true);
        foreach (var (version, upstream) in new[] { ("one", "hub"), ("two", "other") })
        {
            Directory.CreateDirectory(_folder.File($"tenants.d/..{version}"));
            File.WriteAllText(_folder.File($"tenants.d/..{version}/a.yaml"), Yaml("a", upstream));
            File.WriteAllText(_folder.File($"tenants.d/..{version}/b.yaml"), Yaml("b", upstream));
        }

        await Swap("one");
        File.CreateSymbolicLink(_folder.File("tenants.d/a.yaml"), "..data/a.yaml");
        File.CreateSymbolicLink(_folder.File("tenants.d/b.yaml"), "..data/b.yaml");
        using var watcher = Watch();
        Assert.Equal(("hub", "hub"), (RouteOf(watcher, "a"), RouteOf(watcher, "b")));
        await Swap("two");
        Pass();
        Assert.Equal(("other", "other"), (RouteOf(watcher, "a"), RouteOf(watcher, "b")));
    }

    [Theory]
    [InlineData("tenants: { new: { hosts: [a.example], publicUrl: \"https://new.example\", routes: [ { prefix: \"\", upstream: hub } ] } }",
        "the host 'a.example' is given more than once, also at ")]
    [InlineData("tenants: { a: { hosts: [new.example], publicUrl: \"https://new.example\", routes: [ { prefix: \"\", upstream: hub } ] } }",
        "there is another tenant 'a' at ")]
    [InlineData("upstreams: { hub: { url: \"https://evil.example\" } }", "there is another upstream 'hub' at ")]
    [InlineData("authenticators: { corp: { type: aws-sts, accounts: [\"000000000000\"], serverId: x } }", "there is another authenticator 'corp' at ")]
    public void Who_has_a_name_or_a_host_keeps_it_and_the_newcomer_is_at_fault(string text, string message)
    {
        using var watcher = Watch();
        var before = watcher.Current.Configuration;

        // First by name: the order of files says nothing once somebody has it.
        _folder.Write("tenants.d/0-new.yaml", text);
        Pass();
        var error = Assert.Single(watcher.LastErrors);
        Assert.Contains("0-new.yaml", error.File);
        Assert.StartsWith(message, error.Message);
        Assert.Matches(@"\.yaml:\d+;", error.Message);
        Assert.Equal(before.Tenants.Keys.Order(), watcher.Current.Configuration.Tenants.Keys.Where(name => name != "new").Order());
        Assert.Equal(["a.example"], watcher.Current.Configuration.Tenants["a"].Hosts);
        Assert.Equal(before.Upstreams["hub"].Url, watcher.Current.Configuration.Upstreams["hub"].Url);
    }

    [Fact]
    public void What_a_file_needs_of_another_that_is_broken_at_the_start_makes_its_tenants_unusable_and_no_more()
    {
        _folder.Write("tenants.d/shared.yaml", "upstreams: { mine: { url: nonsense } }");
        Tenant("c", "mine");
        _folder.Write("config.yaml", $"{Main}\ntenants: {{ m: {TenantMap("m", "mine")} }}");
        var result = Read();
        Assert.Equal(["c", "m"],
            result.Snapshot!.Configuration.Tenants.Values.Where(tenant => tenant.IsUnusable).Select(tenant => tenant.Name).Order());
    }

    [Fact]
    public void The_cluster_follows_all_files_and_one_that_is_broken_here_is_no_contradiction()
    {
        var text = "revision: 2\n" + Main;
        _folder.Write("config.yaml", text);
        var good = Read().Snapshot!;
        var whole = SharedSections.Of(good);
        _folder.Write("tenants.d/b.yaml", "tenants: 1");
        using var watcher = Watch();
        var feed = new RevisionFeed(watcher, _folder.File("config.yaml"), _time);
        feed.Restore(whole);
        feed.Follow(2, whole);
        Assert.Null(feed.Conflict);
        Assert.True(feed.IsUsable);
        Assert.False(feed.Current.Configuration.Tenants["b"].IsUnusable);
        Assert.Equal(whole.Content, feed.Highest.Sections.Content);
    }

    [Fact]
    public void What_did_not_change_is_not_read_again()
    {
        using var watcher = Watch();
        var before = watcher.Current.Configuration.Tenants;
        Tenant("a", "other");
        Pass();
        Assert.Same(before["b"], watcher.Current.Configuration.Tenants["b"]);
        Assert.NotSame(before["a"], watcher.Current.Configuration.Tenants["a"]);
    }

    public void Dispose() => _folder.Dispose();

    private static string RouteOf(ConfigurationWatcher watcher, string tenant) =>
        watcher.Current.Configuration.Tenants[tenant].Routes[0].Upstreams[0];

    private static string TenantMap(string name, string upstream) =>
        $"{{ hosts: [{name}.example], publicUrl: \"https://{name}.example\", routes: [ {{ prefix: \"\", upstream: {upstream} }} ] }}";

    private static string Yaml(string name, string upstream) => $"tenants: {{ {name}: {TenantMap(name, upstream)} }}";

    private void Tenant(string name, string upstream) => _folder.Write($"tenants.d/{name}.yaml", Yaml(name, upstream));

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

    private async Task Swap(string version)
    {
        File.CreateSymbolicLink(_folder.File("tenants.d/..data_tmp"), $"..{version}");
        (await Shell.Run("mv", ["-T", _folder.File("tenants.d/..data_tmp"), _folder.File("tenants.d/..data")])).ShouldSucceed();
    }
}
