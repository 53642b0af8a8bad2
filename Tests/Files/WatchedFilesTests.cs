using RegistryProxy.Files;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Files;

/// <summary>Files are read when they may have changed, however somebody changed them, and not while nobody did.</summary>
public sealed class WatchedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Files_that_nobody_changes_are_not_read_again()
    {
        var files = new WatchedFiles([_folder.Write("one", "1"), _folder.File("missing"), _folder.File(".")]);
        var seen = Settle(files);
        var readings = files.Readings;
        for (var look = WatchedFiles.Settling; look < WatchedFiles.Rereading - 1; look++)
        {
            Assert.Equal(seen, files.Look());
        }

        Assert.Equal(readings, files.Readings);
        files.Look();
        files.Look();
        Assert.Equal(readings + 1, files.Readings);
    }

    [Fact]
    public void A_file_of_the_same_length_whose_time_was_set_back_is_seen()
    {
        var path = _folder.Write("file", "one");
        var time = File.GetLastWriteTimeUtc(path);
        var files = new WatchedFiles([path]);
        var seen = Settle(files);
        File.WriteAllText(path, "two");
        File.SetLastWriteTimeUtc(path, time);
        Assert.NotEqual(seen, files.Look());
    }

    [Fact]
    public async Task A_swapped_link_is_seen()
    {
        Directory.CreateDirectory(_folder.File("a"));
        Directory.CreateDirectory(_folder.File("b"));
        File.WriteAllText(_folder.File("a/file"), "one");
        File.WriteAllText(_folder.File("b/file"), "two");
        File.CreateSymbolicLink(_folder.File("..data"), "a");
        File.CreateSymbolicLink(_folder.File("file"), "..data/file");
        var files = new WatchedFiles([_folder.File("file")]);
        var seen = Settle(files);
        File.CreateSymbolicLink(_folder.File("..new"), "b");
        (await Shell.Run("mv", ["-T", _folder.File("..new"), _folder.File("..data")])).ShouldSucceed();
        Assert.NotEqual(seen, files.Look());
    }

    [Fact]
    public void What_comes_goes_or_is_replaced_is_seen()
    {
        var files = new WatchedFiles([_folder.File("file")]);
        Assert.Equal("", Settle(files));
        _folder.Write("file", "one");
        var one = Settle(files);
        Assert.NotEqual("", one);
        File.Move(_folder.Write("other", "two"), _folder.File("file"), overwrite: true);
        Assert.NotEqual(one, Settle(files));
        File.Delete(_folder.File("file"));
        Assert.Equal("", files.Look());
    }

    [Fact]
    public void A_certificate_of_a_folder_is_seen()
    {
        Directory.CreateDirectory(_folder.File("ca"));
        File.WriteAllText(_folder.File("ca/one.pem"), "1");
        var files = new WatchedFiles([_folder.File("ca")]);
        var one = Settle(files);
        File.WriteAllText(_folder.File("ca/two.pem"), "2");
        var two = Settle(files);
        Assert.NotEqual(one, two);
        File.WriteAllText(_folder.File("ca/two.pem"), "3");
        Assert.NotEqual(two, files.Look());
    }

    [Fact]
    public void What_is_no_file_is_read_each_time()
    {
        var files = new WatchedFiles(["/dev/null"]);
        Settle(files);
        var readings = files.Readings;
        files.Look();
        Assert.Equal(readings + 1, files.Readings);
    }

    public void Dispose() => _folder.Dispose();

    private static string Settle(WatchedFiles files)
    {
        for (var look = 0; look < WatchedFiles.Settling; look++)
        {
            files.Look();
        }

        return files.Look();
    }
}
