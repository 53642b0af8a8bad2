using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>A silo with a folder of files that belong to its configuration, each of one tenant, and what is kept of them.</summary>
internal sealed class FolderSilo : ISiloFileGrain, IDisposable
{
    private readonly AgreementModel _cluster;
    private readonly string _name;
    private readonly TemporaryFolder _folder = TemporaryFolder.InMemory();
    private SiloFileState _kept = new();
    private ConfigurationWatcher _watcher;
    private FileHistory _history;
    private long _highest;

    public FolderSilo(AgreementModel cluster, int number, IEnumerable<string> tenants)
    {
        (_cluster, _name) = (cluster, $"silo {number}");
        Directory.CreateDirectory(_folder.File("tenants.d"));
        _folder.Write("config.yaml", "include: [\"tenants.d/*.yaml\"]\nupstreams: { hub: { url: \"https://hub.example\" } }\n");
        foreach (var tenant in tenants)
        {
            Write(tenant, 0);
        }

        (_watcher, Feed, _history) = Start();
    }

    public RevisionFeed Feed { get; private set; }

    /// <summary>What it serves by.</summary>
    public string Serves => SharedSections.Of(Feed.Current).Content;

    /// <summary>The version of each tenant that it serves.</summary>
    public string Versions => string.Join(' ', Feed.Current.Configuration.Tenants.Values.Where(tenant => !tenant.IsUnusable)
        .OrderBy(tenant => tenant.Name, StringComparer.Ordinal).Select(tenant => $"{tenant.Name}{tenant.Routes[0].Prefix}"));

    /// <summary>The file of a tenant comes, or says something else.</summary>
    public void Write(string tenant, int version) => _folder.Write($"tenants.d/{tenant}.yaml",
        $"tenants: {{ {tenant}: {{ hosts: [{tenant}.example], routes: [ {{ prefix: \"v{version}\", upstream: hub }} ] }} }}");

    /// <summary>It cannot be read any more, or never could.</summary>
    public void Break(string tenant) => _folder.Write($"tenants.d/{tenant}.yaml", "tenants: {");

    /// <summary>It goes.</summary>
    public void Delete(string tenant) => File.Delete(_folder.File($"tenants.d/{tenant}.yaml"));

    public void Restart()
    {
        _watcher.Dispose();
        (_watcher, Feed, _history) = Start();
    }

    public void Agree()
    {
        try
        {
            new RevisionAgreement(Feed, _history).Agree(_cluster, this, () => Task.CompletedTask).AsTask().GetAwaiter().GetResult();
        }
        catch (TimeoutException)
        {
            // It tries again.
        }

        Assert.Null(Feed.Conflict);
        Assert.True(!Feed.Settled.IsCompleted || _cluster.InForce.Contains(Serves), $"{_name} serves {Versions}, which lost");
        Assert.True(Feed.Current.Configuration.Revision >= _highest, $"{_name} went back");
        _highest = Feed.Settled.IsCompleted ? Feed.Current.Configuration.Revision : _highest;
    }

    public ValueTask<string?> Get() => new(_kept.Content);

    public ValueTask Keep(string content)
    {
        _kept = _kept.Keep(content, _cluster.Clock.GetUtcNow());
        return default;
    }

    public ValueTask<string?> See(string content)
    {
        (_kept, var former) = _kept.See(content);
        return new(former);
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _folder.Dispose();
    }

    private (ConfigurationWatcher Watcher, RevisionFeed Feed, FileHistory History) Start()
    {
        var files = new ConfigurationFiles(_folder.File("config.yaml"));
        var watcher = new ConfigurationWatcher(files, files.Read(), _cluster.Clock);
        var feed = new RevisionFeed(watcher, _folder.File("config.yaml"), _cluster.Clock);
        return (watcher, feed, new FileHistory(feed, new FileSeries(_name, IsShared: false), _cluster.Clock));
    }
}
