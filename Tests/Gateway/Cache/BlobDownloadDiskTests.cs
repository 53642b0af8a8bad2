using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway.Cache;

/// <summary>What becomes of a download when the disk does not take it.</summary>
public sealed partial class BlobDownloadTests
{
    [Fact]
    public async Task Where_there_is_no_more_room_readers_go_on_without_the_disk_from_where_it_ended()
    {
        var large = TestBlob.Random(4, 6 * MegaByte);
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(_body.Reader, large.Bytes.Length);
        var (download, run) = Begin(large);
        await download.Head(default);
        var store = _gateway.Get<DiskStore>();
        using var one = store.Begin(download.Starter.Supplier, 4 * MegaByte);
        using var two = store.Begin(download.Starter.Supplier, 4 * MegaByte);
        Assert.NotNull(two);
        await _body.Writer.WriteAsync(large.Bytes);
        await run;
        Assert.Equal(DownloadEnd.DiskFailed, download.End);
        var (from, hash) = download.Rest();
        Assert.InRange(from, 3 * MegaByte, 4 * MegaByte);
        Assert.Equal(from, await download.WaitBeyond(from - 1, default));
        hash.Append(large.Bytes.AsSpan((int)from));
        Assert.True(hash.IsRight());
        Assert.False(IsStored(large));
        Assert.False(store.IsFailing);
    }

    [Fact]
    public async Task What_only_gets_no_name_is_read_all_the_same()
    {
        var (download, run) = Begin(Blob);
        await download.Head(default);
        var objects = Path.Combine(_gateway.Folder, "objects");
        Directory.Delete(objects, recursive: true);
        await File.WriteAllTextAsync(objects, "in the way");
        await Send(0, 100);
        await run;
        Assert.Equal(DownloadEnd.Complete, download.End);
        Assert.Equal(100, await download.WaitBeyond(99, default));
        Assert.Equal(Blob.Bytes, Read(download, 100));
        Assert.True(_gateway.Get<DiskStore>().IsFailing);
        Assert.False(IsStored(Blob));
        download.Leave();
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_gateway.Folder, "partial")));
    }
}
