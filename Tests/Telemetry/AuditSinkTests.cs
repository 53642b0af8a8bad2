using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Telemetry;

/// <summary>An audit log that cannot be put aside is written on, and what was put aside before is kept.</summary>
public sealed class AuditSinkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _told = [];
    private readonly AuditSink _sink;
    private string _expected = "";

    public AuditSinkTests() =>
        _sink = new AuditSink(new AuditConfiguration { File = Log, MaxBytes = 10, Keep = 3 }, _time, _told.Add, () => _told.Add("rotated"));

    private string Log => _folder.File("audit.log");

    public void Dispose()
    {
        _sink.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_full_file_is_put_aside_and_the_last_ones_are_kept()
    {
        for (var line = 1; line <= 6; line++)
        {
            await _sink.Write($"line {line}..\n");
        }

        Assert.Equal(["line 6..\n", "line 5..\n", "line 4..\n", "line 3..\n"],
            new[] { "", ".1", ".2", ".3" }.Select(end => File.ReadAllText(Log + end)));
        Assert.False(Path.Exists($"{Log}.4"));
        Assert.Empty(_told);
    }

    [Theory]
    [InlineData("deleted")]
    [InlineData("moved")]
    [InlineData("replaced")]
    [InlineData("emptied")]
    public async Task A_file_that_somebody_takes_away_is_made_again_within_a_second(string how)
    {
        await _sink.Write("one\n");
        if (how is "moved" or "replaced")
        {
            File.Move(Log, $"{Log}.old");
        }
        else if (how == "deleted")
        {
            File.Delete(Log);
        }

        if (how is "replaced" or "emptied")
        {
            await File.WriteAllTextAsync(Log, "", TestContext.Current.CancellationToken);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        await _sink.Write("two\n");
        Assert.Equal("two\n", await File.ReadAllTextAsync(Log, TestContext.Current.CancellationToken));
        if (how is "moved" or "replaced")
        {
            Assert.Equal("one\n", await File.ReadAllTextAsync($"{Log}.old", TestContext.Current.CancellationToken));
        }

        Assert.Empty(_told);
    }

    [Theory]
    [InlineData("1 is a folder")]
    [InlineData("1 is a folder with a file")]
    [InlineData("1 is a link to a folder")]
    [InlineData("3 is a folder")]
    public async Task While_it_cannot_be_put_aside_it_goes_on_and_is_tried_again_each_minute(string obstacle)
    {
        var place = $"{Log}.{obstacle[0]}";
        foreach (var end in new[] { ".1", ".2", ".3" }.Where(end => !place.EndsWith(end, StringComparison.Ordinal)))
        {
            await File.WriteAllTextAsync(Log + end, $"kept {end}", TestContext.Current.CancellationToken);
        }

        var folder = obstacle.Contains("link", StringComparison.Ordinal) ? _folder.File("elsewhere") : place;
        Directory.CreateDirectory(folder);
        if (obstacle.Contains("file", StringComparison.Ordinal))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "file"), "", TestContext.Current.CancellationToken);
        }

        if (folder != place)
        {
            File.CreateSymbolicLink(place, folder);
        }

        for (var minute = 0; minute < 5; minute++, _time.Advance(AuditSink.Pause))
        {
            await Write($"at {minute} one\n");
            await Write($"at {minute} two\n");
        }

        Assert.Equal(_expected, await File.ReadAllTextAsync(Log, TestContext.Current.CancellationToken));
        Assert.Single(_told);
        Assert.Equal(2, Directory.EnumerateFiles(_folder.Path, "audit.log.*")
            .Count(file => File.Exists(file) && File.ReadAllText(file).StartsWith("kept", StringComparison.Ordinal)));

        // Somebody clears the way.
        Directory.Delete(place, recursive: folder == place);
        await _sink.Write("again\n");
        Assert.Equal("rotated", Assert.Single(_told.Skip(1)));
        Assert.Equal(_expected, await File.ReadAllTextAsync($"{Log}.1", TestContext.Current.CancellationToken));
        Assert.Equal("again\n", await File.ReadAllTextAsync(Log, TestContext.Current.CancellationToken));
    }

    private async Task Write(string line)
    {
        _expected += line;
        await _sink.Write(line);
    }
}

file static class Lines
{
    public static Task Write(this AuditSink sink, string line) =>
        sink.Write(System.Text.Encoding.UTF8.GetBytes(line), TestContext.Current.CancellationToken);
}
