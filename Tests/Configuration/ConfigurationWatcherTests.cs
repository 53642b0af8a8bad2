using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

public sealed class ConfigurationWatcherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_swapped_symlink_is_a_change_and_a_broken_file_is_none()
    {
        // As Kubernetes mounts a ConfigMap: config.yaml -> ..data/config.yaml, ..data -> a folder that is replaced.
        foreach (var (name, host) in new[] { ("one", "a.example"), ("two", "b.example") })
        {
            Directory.CreateDirectory(_folder.File(name));
            File.WriteAllText(Path.Combine(_folder.File(name), "config.yaml"), Yaml(host));
        }

        Directory.CreateDirectory(_folder.File("bad"));
        File.WriteAllText(Path.Combine(_folder.File("bad"), "config.yaml"), "tenants: 1");
        await Swap("one");
        File.CreateSymbolicLink(_folder.File("config.yaml"), "..data/config.yaml");
        using var watcher = new ConfigurationWatcher(
            _folder.File("config.yaml"), ConfigurationFile.Read(_folder.File("config.yaml")).Snapshot!, TimeProvider.System);

        await Swap("two");
        await Eventually.True(() => Host(watcher) == "b.example", "the new file is in use", TimeSpan.FromSeconds(2));
        await Swap("bad");
        await Eventually.True(() => watcher.LastErrors.Count > 0, "the errors are seen", TimeSpan.FromSeconds(2));
        Assert.Equal("b.example", Host(watcher));
        await Swap("one");
        await Eventually.True(() => Host(watcher) == "a.example" && watcher.LastErrors.Count == 0, "the good file is in use",
            TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_change_of_the_listeners_is_said_to_need_a_restart()
    {
        var file = _folder.Write("config.yaml", Yaml("a.example"));
        using var watcher = new ConfigurationWatcher(file, ConfigurationFile.Read(file).Snapshot!, TimeProvider.System);
        _folder.Write("config.yaml", "listen: { data: \"http://127.0.0.1:6000\" }\n" + Yaml("b.example"));
        await Eventually.True(() => Host(watcher) == "b.example", "the new file is in use", TimeSpan.FromSeconds(2));
        Assert.Equal(["listen"], watcher.NeedsRestart);
        _folder.Write("config.yaml", "listen: { data: \"http://127.0.0.1:6000\" }\n" + Yaml("c.example"));
        await Eventually.True(() => Host(watcher) == "c.example", "another change is in use", TimeSpan.FromSeconds(2));
        Assert.Equal(["listen"], watcher.NeedsRestart);
        _folder.Write("config.yaml", Yaml("d.example"));
        await Eventually.True(() => Host(watcher) == "d.example", "it is as at the start", TimeSpan.FromSeconds(2));
        Assert.Empty(watcher.NeedsRestart);
    }

    public void Dispose() => _folder.Dispose();

    private static string Host(ConfigurationWatcher watcher) => watcher.Current.Configuration.Tenants["t"].Hosts[0];

    private static string Yaml(string host) => $$"""
        upstreams: { a: { url: "https://a.example" } }
        tenants: { t: { hosts: [{{host}}], publicUrl: "https://{{host}}", routes: [ { prefix: "", upstream: a } ] } }
        """;

    private async Task Swap(string target)
    {
        File.CreateSymbolicLink(_folder.File("..data_tmp"), target);
        (await Shell.Run("mv", ["-T", _folder.File("..data_tmp"), _folder.File("..data")])).ShouldSucceed();
    }
}
