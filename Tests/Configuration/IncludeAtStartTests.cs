using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reading.Texts;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>A silo that starts before the folder of its <c>include</c> is there takes no tenant from its cluster.</summary>
public sealed class IncludeAtStartTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly AgreementTexts _texts = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));

    public IncludeAtStartTests() => _folder.Write("config.yaml", """
        include: ["tenants.d/*.yaml"]
        upstreams: { hub: { url: "https://hub.example" } }
        """);

    [Fact]
    public async Task What_the_cluster_has_of_it_stays_until_the_folder_comes()
    {
        Fill("acme", "other");
        var model = new AgreementModel(1, _texts);
        using (var before = new ConfigurationWatcher(_folder.File("config.yaml"), Read(), _time))
        {
            await Agree(model, before, rounds: 3);
        }

        var followed = (await model.Followed()).Content;
        Directory.Delete(_folder.File("tenants.d"), recursive: true);
        using var watcher = new ConfigurationWatcher(_folder.File("config.yaml"), Read(), _time);
        Assert.Empty(watcher.Current.Configuration.Tenants);
        var feed = await Agree(model, watcher, rounds: 5);
        Assert.Equal(followed, (await model.Followed()).Content);
        Assert.Equal(["acme", "other"], feed.Current.Configuration.Tenants.Keys.Order());
        Assert.DoesNotContain(feed.Current.Configuration.Tenants.Values, tenant => tenant.IsUnusable);
        var fault = Assert.Single(watcher.LastFaults, fault => fault.File.EndsWith("*.yaml"));
        Assert.Contains("matches no file any more", fault.Errors[0].Message);

        Fill("acme", "new");
        await Agree(model, watcher, rounds: 5, feed);
        Assert.Equal(["acme", "new"], feed.Current.Configuration.Tenants.Keys.Order());
        Assert.Equal(SharedSections.Of(watcher.Current).Content, (await model.Followed()).Content);
    }

    [Fact]
    public async Task An_entry_that_is_taken_out_drops_them()
    {
        Fill("acme");
        var model = new AgreementModel(1, _texts);
        using (var before = new ConfigurationWatcher(_folder.File("config.yaml"), Read(), _time))
        {
            await Agree(model, before, rounds: 3);
        }

        _folder.Write("config.yaml", """
            include: ["others.d/*.yaml"]
            upstreams: { hub: { url: "https://hub.example" } }
            """);
        using var watcher = new ConfigurationWatcher(_folder.File("config.yaml"), Read(), _time);
        Assert.Empty((await Agree(model, watcher, rounds: 2)).Local.Current.Configuration.Tenants);
    }

    [Theory]
    [InlineData("tenants.d/*.yaml", "tenants.d/a.yaml", true)]
    [InlineData("./tenants.d/*.yaml", "tenants.d/a.yaml", true)]
    [InlineData("tenants.d/*.yaml", "tenants.d/.a.yaml", false)]
    [InlineData("tenants.d/*.yaml", "tenants.d/b/a.yaml", false)]
    [InlineData("tenants.d/*.yaml", "others.d/a.yaml", false)]
    [InlineData("*/t?.yaml", "x/t1.yaml", true)]
    public void A_file_is_of_the_pattern_that_means_it(string pattern, string path, bool isOf) =>
        Assert.Equal(isOf, IncludePattern.Matches(pattern, path));

    [Fact]
    public void One_folder_that_cannot_be_listed_is_the_fault_of_that_one_and_keeps_its_files()
    {
        foreach (var team in new[] { "x", "y", "z" })
        {
            Directory.CreateDirectory(_folder.File($"teams/{team}"));
            _folder.Write($"teams/{team}/a.yaml", "");
        }

        HashSet<string> closed = [];
        var files = new IncludedFolder(_folder.File(""), "teams/*/*.yaml", (folder, pattern) => IncludePattern.Expand(
            folder, pattern, (one, component) => closed.Contains(Path.GetFileName(one)) ? throw new UnauthorizedAccessException()
                : Directory.EnumerateFileSystemEntries(one, component)));
        closed.Add("x");
        files.Look();
        files.Take();
        Assert.Equal(["teams/y/a.yaml", "teams/z/a.yaml"], Taken(files));
        var (path, problem, isKept) = Assert.Single(files.Problems);
        Assert.Equal(("teams/x/*.yaml", false), (path, isKept));
        Assert.Contains("cannot be listed: permission denied", problem);

        // What the cluster had of it is known again, and of the others nothing comes back.
        Assert.False(files.Recall(["teams/y/gone.yaml"]));
        Assert.True(files.Recall(["teams/x/a.yaml", "teams/y/gone.yaml"]));
        Assert.Equal(["teams/x/a.yaml", "teams/y/a.yaml", "teams/z/a.yaml"], Taken(files));
        Assert.True(Assert.Single(files.Problems).IsKept);

        closed.Remove("x");
        closed.Add("y");
        _folder.Write("teams/z/new.yaml", "");
        Changed(files);
        Assert.Equal(["teams/x/a.yaml", "teams/y/a.yaml", "teams/z/a.yaml", "teams/z/new.yaml"], Taken(files));
        Assert.Equal("teams/y/*.yaml", Assert.Single(files.Problems).Path);

        closed.Clear();
        File.Delete(_folder.File("teams/y/a.yaml"));
        Changed(files);
        Assert.Equal(["teams/x/a.yaml", "teams/z/a.yaml", "teams/z/new.yaml"], Taken(files));
        Assert.Empty(files.Problems);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _folder.Dispose();
        _texts.Dispose();
    }

    private List<string> Taken(IncludedFolder files) => [.. files.Taken.Select(file => Path.GetRelativePath(_folder.File(""), file))];

    private static void Changed(IncludedFolder files)
    {
        files.Look();
        files.Take();
    }

    private async Task<RevisionFeed> Agree(AgreementModel model, ConfigurationWatcher watcher, int rounds, RevisionFeed? feed = null)
    {
        feed ??= new RevisionFeed(watcher, _folder.File("config.yaml"), _time);
        for (var i = 0; i < rounds; i++)
        {
            await new RevisionAgreement(feed, new FileHistory(feed, new FileSeries("host", false), _time)).Agree(
                model, model.Silos[0], () => Task.CompletedTask);
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        return feed;
    }

    private ConfigurationSnapshot Read() => ConfigurationFile.Read(_folder.File("config.yaml")).Snapshot!;

    private void Fill(params string[] tenants)
    {
        Directory.CreateDirectory(_folder.File("tenants.d"));
        foreach (var tenant in tenants)
        {
            _folder.Write($"tenants.d/{tenant}.yaml",
                $"tenants: {{ {tenant}: {{ hosts: [{tenant}.example], routes: [{{ prefix: \"\", upstream: hub }}] }} }}");
        }
    }
}
