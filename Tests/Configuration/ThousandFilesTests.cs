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
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_a_thousand_files_the_one_that_changed_is_read_again(bool hasParts)
    {
        const int Count = 1000;
        var tenants = new TenantFiles(_folder, hasParts);
        tenants.WriteAll(Count);
        var began = Stopwatch.GetTimestamp();
        var files = new ConfigurationFiles(_folder.File("config.yaml"));
        using var watcher = new ConfigurationWatcher(files, files.Read(), _time);
        var loaded = Stopwatch.GetElapsedTime(began);
        var before = watcher.Current.Configuration.Tenants;
        Assert.Equal(Count, before.Count);
        _time.Advance(TimeSpan.FromSeconds(4));
        tenants.Write(500, "other");
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
}
