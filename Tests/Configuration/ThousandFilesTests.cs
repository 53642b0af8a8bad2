using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>What many tenants cost who each have a file.</summary>
public sealed class ThousandFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private bool _hasParts;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_a_thousand_files_the_one_that_changed_is_read_again(bool hasParts)
    {
        const int Count = 1000;
        _hasParts = hasParts;
        Directory.CreateDirectory(_folder.File("tenants.d"));
        Directory.CreateDirectory(_folder.File("parts"));
        _folder.Write("config.yaml", "include: [\"tenants.d/*.yaml\"]\n" +
            "upstreams: { hub: { url: \"https://hub.example\" }, other: { url: \"https://other.example\" } }\n");
        for (var i = 0; i < Count; i++)
        {
            Large(i, "hub");
            if (hasParts)
            {
                Operators(i);
            }
        }

        var began = Stopwatch.GetTimestamp();
        var files = new ConfigurationFiles(_folder.File("config.yaml"));
        using var watcher = new ConfigurationWatcher(files, files.Read(), _time);
        var loaded = Stopwatch.GetElapsedTime(began);
        var before = watcher.Current.Configuration.Tenants;
        Assert.Equal(Count, before.Count);
        _time.Advance(TimeSpan.FromSeconds(4));
        Large(500, "other");
        _time.Advance(TimeSpan.FromSeconds(0.5));
        began = Stopwatch.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(0.5));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        var edited = Stopwatch.GetElapsedTime(began);
        TestContext.Current.TestOutputHelper!.WriteLine($"loaded in {loaded}, an edit with its looks in {edited}");
        var after = watcher.Current.Configuration.Tenants;
        Assert.Equal("other", after["t500"].Routes[0].Upstreams[0]);
        Assert.Equal(Count - 1, after.Count(tenant => ReferenceEquals(before[tenant.Key], tenant.Value)));

        // On a machine of its own two seconds and fifty milliseconds.
        Assert.True(loaded < TimeSpan.FromSeconds(20) && edited < loaded, $"{loaded}, {edited}");
    }

    public void Dispose() => _folder.Dispose();

    private void Large(int number, string upstream)
    {
        var routes = string.Join(", ", Enumerable.Range(0, 5).Select(i => $"{{ prefix: p{i}, upstream: {upstream} }}"));
        var rules = string.Join(", ", Enumerable.Range(0, 5).Select(
            i => $"{{ name: r{i}, who: [anonymous], repositories: [\"p{i}/**\"], actions: [pull] }}"));
        if (_hasParts)
        {
            _folder.Write($"parts/t{number}.yaml", $"{{ routes: [ {routes} ], access: [ {rules} ] }}");
            return;
        }

        _folder.Write($"tenants.d/t{number}.yaml", $"tenants: {{ t{number}: {{ hosts: [t{number}.example], " +
            $"publicUrl: \"https://t{number}.example\", routes: [ {routes} ], access: [ {rules} ] }} }}");
    }

    private void Operators(int number)
    {
        Directory.CreateDirectory(_folder.File($"parts/s{number}"));
        _folder.Write($"tenants.d/t{number}.yaml", $"tenants: {{ t{number}: {{ hosts: [t{number}.example], " +
            $"publicUrl: \"https://t{number}.example\", mayUse: {{ upstreams: [hub, other] }}, secrets: parts/s{number}, " +
            $"file: parts/t{number}.yaml }} }}");
    }
}
