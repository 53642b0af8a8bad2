using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;

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

    [Theory]
    [InlineData(0, 99)]
    [InlineData(50, 50)]
    [InlineData(3 * MegaByte, (6 * MegaByte) - 1)]
    public async Task A_range_that_the_disk_has_already_is_right_to_its_last_byte_all_the_same(int first, int last)
    {
        var large = TestBlob.Random(5, 6 * MegaByte);
        _gateway.Upstream.Answer = message => message.Headers.Range is { } range
            ? ScriptedUpstream.Rest(large.Bytes, (int)range.Ranges.Single().From!) : ScriptedUpstream.Ok(_body.Reader, large.Bytes.Length);
        var request = _gateway.Request(
            "GET", $"/v2/a/b/blobs/{large.Digest}", headers: ("Range", $"bytes={first}-{last}"));
        var serving = _gateway.Get<BlobCache>().Serve(request);
        await Eventually.True(() => Task.FromResult(_gateway.Upstream.Asked.Count == 1), "the download has begun");
        var store = _gateway.Get<DiskStore>();
        var supplier = new Supplier("acme", CacheGateway.IdentityOf("acme"));
        await Eventually.True(() => Directory.GetFiles(Path.Combine(_gateway.Folder, "partial")).Length == 1, "it has a file");
        using var one = store.Begin(supplier, 4 * MegaByte);
        using var two = store.Begin(supplier, 4 * MegaByte);
        await _body.Writer.WriteAsync(large.Bytes);
        Assert.Null((await serving).Error);
        Assert.False(CacheGateway.IsCut(request));
        Assert.False(IsStored(large));
        Assert.Equal(large.Bytes[first..(last + 1)], CacheGateway.BodyOf(request));
    }

    [Fact]
    public async Task A_file_is_not_evicted_under_those_who_followed_its_download()
    {
        var large = TestBlob.Random(6, 6 * MegaByte);
        _gateway.Upstream.Answer = _ => ScriptedUpstream.Ok(_body.Reader, large.Bytes.Length);
        var (download, run) = Begin(large);
        await _body.Writer.WriteAsync(large.Bytes);
        await run;
        Assert.True(IsStored(large));
        var store = _gateway.Get<DiskStore>();
        using var other = store.Begin(download.Starter.Supplier, 6 * MegaByte);
        Assert.True(other!.MakeRoom((6 * MegaByte) - 1));
        Assert.Null(store.Begin(download.Starter.Supplier, MegaByte));
        Assert.True(IsStored(large));
        download.Leave();
        using var next = store.Begin(download.Starter.Supplier, MegaByte);
        Assert.NotNull(next);
        Assert.False(IsStored(large));
    }
}
