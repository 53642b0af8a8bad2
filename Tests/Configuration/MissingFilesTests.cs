using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>
/// In a cluster without <c>revision</c> a file that has no text of use stops nobody's edits, and takes nothing from anybody.
/// </summary>
public sealed class MissingFilesTests : IDisposable
{
    private const string Main = """
        include: ["tenants.d/*.yaml"]
        upstreams: { hub: { url: "https://hub.example" }, other: { url: "https://other.example" } }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly AgreementTexts _texts = new();
    private readonly AgreementModel _cluster;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<Silo> _silos = [];

    public MissingFilesTests()
    {
        _cluster = new AgreementModel(2, _texts);
        foreach (var silo in new[] { "one", "two" })
        {
            Directory.CreateDirectory(_folder.File($"{silo}/tenants.d"));
            _folder.Write($"{silo}/config.yaml", Main);
            Tenant(silo, "acme");
        }
    }

    [Fact]
    public async Task A_new_file_that_was_never_good_stops_no_edit_of_another_and_counts_when_it_is_mended()
    {
        var one = Start("one");
        await Pass();
        _folder.Write("one/tenants.d/new.yaml", "tenants: { new: { hosts: [new.example], routs: [] } }");
        await Pass();
        Tenant("one", "acme", upstream: "other");
        await Pass();
        Assert.Equal("other", Followed(one, "acme"));
        Assert.True(one.Feed.Current.Configuration.Tenants["acme"] is { IsUnusable: false });
        Tenant("one", "new");
        await Pass();
        Assert.Equal("hub", Followed(one, "new"));
        Assert.Null(one.Feed.Alarm);
    }

    [Fact]
    public async Task A_cluster_that_begins_with_a_broken_file_takes_edits_and_the_mended_file_without_a_word_of_its_operator()
    {
        _folder.Write("one/tenants.d/new.yaml", "tenants: {");
        var one = Start("one");
        await Pass();
        Tenant("one", "acme", upstream: "other");
        await Pass();
        Assert.Equal("other", Followed(one, "acme"));
        Tenant("one", "new");
        await Pass();
        Assert.Equal("hub", Followed(one, "new"));
        Assert.Null(one.Feed.Alarm);
    }

    [Fact]
    public async Task A_tenant_whose_file_has_not_come_yet_stops_nobody()
    {
        _folder.Write("one/config.yaml", Main + """

            tenants: { late: { hosts: [late.example], publicUrl: "https://late.example", mayUse: { upstreams: [hub] }, file: late.yaml } }
            """);
        var one = Start("one");
        await Pass();
        Tenant("one", "acme", upstream: "other");
        await Pass();
        Assert.Equal("other", Followed(one, "acme"));
        _folder.Write("one/late.yaml", "routes: [ { prefix: \"\", upstream: hub } ]");
        await Pass();
        Assert.Equal("hub", Followed(one, "late"));
        Assert.Null(one.Feed.Alarm);
    }

    [Fact]
    public async Task What_is_broken_on_one_silo_and_good_on_another_stays_while_others_are_edited()
    {
        Tenant("two", "new");
        _folder.Write("one/tenants.d/new.yaml", "tenants: {");
        var (two, one) = (Start("two"), Start("one"));
        await Pass();
        Assert.Equal("hub", Followed(one, "new"));
        Tenant("one", "acme", upstream: "other");
        await Pass();
        Assert.Equal(("other", "hub"), (Followed(two, "acme"), Followed(two, "new")));
        Tenant("two", "acme", upstream: "other");
        await Pass();
        Assert.All(_silos, silo => Assert.Null(silo.Feed.Alarm));
    }

    [Fact]
    public async Task A_text_of_the_cluster_that_is_of_no_use_here_stays_and_stops_nobody()
    {
        var good = Part("define: { authenticators: { p: { type: htpasswd, file: users } } }\nauthenticators: [p]");
        Directory.CreateDirectory(_folder.File("one/secrets"));
        _folder.Write("one/secrets/users", $"alice:{BCrypt.Net.BCrypt.HashPassword("pw", 4)}\n");
        _folder.Write("one/config.yaml", Main + """

            tenants:
              late:
                hosts: [late.example]
                publicUrl: "https://late.example"
                mayUse: { upstreams: [hub] }
                secrets: secrets
                file: late.yaml
            """);
        _folder.Write("one/late.yaml", good);
        Start("one");
        await Pass();
        File.Delete(_folder.File("one/secrets/users"));
        _folder.Write("one/late.yaml", "routes: [");
        var content = (await _cluster.Followed()).Content;
        var one = Restart("one");
        await Pass();
        Assert.True(one.Watcher.Current.Configuration.Tenants["late"].IsUnusable);
        Assert.Equal(content, (await _cluster.Followed()).Content);
        Tenant("one", "acme", upstream: "other");
        await Pass();
        Assert.Equal("other", Followed(one, "acme"));
        Assert.Contains(good, _cluster.State.Followed!.ToSections().Parts.Select(part => part.Text.Reveal()));
        Assert.False(one.Feed.Current.Configuration.Tenants["late"].IsUnusable);
    }

    [Fact]
    public async Task A_host_is_not_given_to_a_newcomer_by_a_restart()
    {
        Tenant("one", "zzz");
        Start("one");
        await Pass();
        Tenant("one", "aaa", host: "zzz");
        await Pass();
        var one = Restart("one");
        await Pass();
        Assert.Equal("hub", Followed(one, "zzz"));
        Assert.Equal("zzz", one.Watcher.Current.Configuration.Tenants.Values.Single(tenant => tenant.Hosts.Contains("zzz.example")).Name);
        var fault = Assert.Single(one.Watcher.LastFaults);
        Assert.EndsWith("aaa.yaml", fault.File);
        Assert.DoesNotContain("aaa", one.Feed.Current.Configuration.Tenants.Keys);
        Tenant("one", "acme", upstream: "other");
        await Pass();
        Assert.Equal("other", Followed(one, "acme"));
        Tenant("one", "aaa");
        await Pass();
        Assert.Equal("hub", Followed(one, "aaa"));
        Assert.Null(one.Feed.Alarm);
    }

    [Fact]
    public void Of_texts_that_were_both_in_use_before_the_one_that_has_a_host_now_keeps_it()
    {
        Tenant("one", "zzz");
        using var before = Watch("one");
        var former = before.Current.Parts;
        Tenant("one", "aaa", host: "zzz");
        File.Delete(_folder.File("one/tenants.d/zzz.yaml"));
        using var then = Watch("one");
        Tenant("one", "zzz");
        using var now = Watch("one");
        now.Restore([.. former, .. then.Current.Parts]);
        Assert.EndsWith("zzz.yaml", Assert.Single(now.LastFaults).File);
    }

    [Fact]
    public void What_came_since_the_start_is_a_newcomer_whatever_is_kept_under_its_name()
    {
        Tenant("one", "zzz");
        using var before = Watch("one");
        var former = before.Current.Parts;
        Tenant("one", "aaa", host: "zzz");
        File.Delete(_folder.File("one/tenants.d/zzz.yaml"));
        using var now = Watch("one");
        Tenant("one", "zzz");
        _time.Advance(TimeSpan.FromSeconds(0.5));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.EndsWith("zzz.yaml", Assert.Single(now.LastFaults).File);
        now.Restore(former);
        Assert.EndsWith("zzz.yaml", Assert.Single(now.LastFaults).File);
        Assert.Equal("aaa", now.Current.Configuration.Tenants.Values.Single(tenant => !tenant.IsUnusable && tenant.Name != "acme").Name);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _silos.ForEach(silo => silo.Watcher.Dispose());
        _folder.Dispose();
        _texts.Dispose();
    }

    private static string Part(string more) => $"routes: [ {{ prefix: \"\", upstream: hub }} ]\n{more}";

    private void Tenant(string silo, string name, string? host = null, string upstream = "hub") => _folder.Write(
        $"{silo}/tenants.d/{name}.yaml",
        $"tenants: {{ {name}: {{ hosts: [{host ?? name}.example], publicUrl: \"https://{host ?? name}.example\", " +
        $"routes: [ {{ prefix: \"\", upstream: {upstream} }} ] }} }}");

    private ConfigurationWatcher Watch(string name)
    {
        var files = new ConfigurationFiles(_folder.File($"{name}/config.yaml"));
        return new ConfigurationWatcher(files, files.Read(), _time);
    }

    private Silo Start(string name)
    {
        var watcher = Watch(name);
        var feed = new RevisionFeed(watcher, _folder.File($"{name}/config.yaml"), _time);
        _silos.Add(new Silo(
            name, watcher, feed, new FileHistory(feed, new FileSeries(name, false), _time), _cluster.Silos[name == "one" ? 0 : 1]));
        return _silos[^1];
    }

    private Silo Restart(string name)
    {
        var former = _silos.Single(silo => silo.Name == name);
        former.Watcher.Dispose();
        _silos.Remove(former);
        return Start(name);
    }

    private async Task Pass()
    {
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(0.5));
            foreach (var silo in _silos)
            {
                await new RevisionAgreement(silo.Feed, silo.History).Agree(_cluster, silo.File, () => Task.CompletedTask);
            }
        }
    }

    private static string Followed(Silo silo, string tenant) => silo.Feed.Current.Configuration.Tenants[tenant].Routes[0].Upstreams[0];

    private sealed record Silo(string Name, ConfigurationWatcher Watcher, RevisionFeed Feed, FileHistory History, ISiloFileGrain File);
}
