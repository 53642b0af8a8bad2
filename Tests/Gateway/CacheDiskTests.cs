using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway;

/// <summary>The folder of the cache: what others do to it, and what a process finds that starts.</summary>
public sealed class CacheDiskTests : IDisposable
{
    private static readonly TestBlob Blob = TestBlob.Random(700, 200_000);

    private readonly CacheLab _lab = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public void A_folder_that_goes_away_is_made_again()
    {
        var store = _lab.Open(_time);
        Directory.Delete(_lab.Folder, recursive: true);
        Assert.False(CacheLab.TryKeep(store, Blob));
        Assert.True(store.IsFailing);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(CacheLab.TryKeep(store, Blob));
        Assert.False(store.IsFailing);
    }

    [Fact]
    public void A_disk_recovers_without_being_asked_for_anything()
    {
        var store = _lab.Open(_time);
        Directory.Delete(Path.Combine(_lab.Folder, "partial"));
        Assert.False(CacheLab.TryKeep(store, Blob));
        store.Recover();
        Assert.True(store.IsFailing);
        _time.Advance(TimeSpan.FromSeconds(4));
        store.Recover();
        Assert.False(store.IsFailing);
    }

    [Fact]
    public void A_full_disk_works_again_when_what_did_not_fit_would()
    {
        var store = _lab.Open(_time);
        store.Failed(new IOException("No space left on device", 28), 1000);
        Assert.False(CacheLab.TryKeep(store, Blob));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(CacheLab.TryKeep(store, Blob));
        Assert.False(store.IsFailing);

        // Of a disk that refuses for another reason it is not looked how much is free.
        store.Failed(new IOException("I/O error", 5), long.MaxValue);
        _time.Advance(TimeSpan.FromSeconds(4));
        store.Recover();
        Assert.False(store.IsFailing);
    }

    [Fact]
    public void A_file_that_was_replaced_is_not_removed_for_the_one_before()
    {
        var store = _lab.Open(_time);
        Assert.True(CacheLab.TryKeep(store, Blob));
        DiskEntry former;
        using (var lease = store.Open(StoredBlobs.NameOf(Blob.Digest)))
        {
            former = lease!.Entry;
        }

        Assert.True(CacheLab.TryKeep(store, Blob));
        store.Remove(former);
        using (var next = store.Open(StoredBlobs.NameOf(Blob.Digest)))
        {
            Assert.NotNull(next);
            store.Remove(next.Entry);
        }

        Assert.Null(store.Open(StoredBlobs.NameOf(Blob.Digest)));
        Assert.Empty(Directory.GetFiles(Path.Combine(_lab.Folder, "objects"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_second_process_is_kept_out_until_the_first_has_ended()
    {
        var first = _lab.Open(_time);
        Assert.True(CacheLab.TryKeep(first, Blob));
        using var writing = first.Begin(new Supplier("acme", CacheLab.Hub.Identity), 1000)!;
        var second = _lab.Open(_time);
        Assert.True(second.IsFailing);
        Assert.False(CacheLab.TryKeep(second, Blob));
        Assert.True(File.Exists(writing.Path), "what the first one writes is left alone");

        first.Dispose();
        _time.Advance(TimeSpan.FromSeconds(4));
        second.Recover();
        Assert.False(second.IsFailing);
        Assert.Equal(1, second.Use.Count);
        Assert.False(File.Exists(writing.Path));
    }

    [Fact]
    public void What_is_there_is_found_when_it_could_not_be_looked_for_at_the_start()
    {
        var first = _lab.Open(_time);
        Assert.True(CacheLab.TryKeep(first, Blob));
        first.Dispose();
        var partial = Path.Combine(_lab.Folder, "partial");
        Directory.Delete(partial, recursive: true);
        File.WriteAllText(partial, "in the way");
        var second = _lab.Open(_time);
        Assert.Equal((true, 0), (second.IsFailing, second.Use.Count));
        File.Delete(partial);
        _time.Advance(TimeSpan.FromSeconds(4));
        second.Recover();
        Assert.Equal((false, 1), (second.IsFailing, second.Use.Count));
    }

    [Fact]
    public async Task A_file_that_was_touched_is_hashed_before_it_is_served_again()
    {
        var store = _lab.Open(_time);
        var blobs = new StoredBlobs(store, new BlobProvenance(store), _lab.Meter, _time);
        Assert.True(CacheLab.TryKeep(store, Blob));
        using (var right = await blobs.Open("acme", CacheLab.Hub, Blob.Digest))
        {
            Assert.NotNull(right);
        }

        var file = Directory.GetFiles(Path.Combine(_lab.Folder, "objects"), "*", SearchOption.AllDirectories).Single();
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        using (var touched = await blobs.Open("acme", CacheLab.Hub, Blob.Digest))
        {
            Assert.NotNull(touched);
        }

        await using (var stream = File.OpenWrite(file))
        {
            stream.Position = 100_000;
            stream.WriteByte((byte)~Blob.Bytes[100_000]);
        }

        Assert.Null(await blobs.Open("acme", CacheLab.Hub, Blob.Digest));
        Assert.Equal(1, _lab.Meter.Corruptions);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task A_file_is_hashed_once_a_day_behind_those_who_read_it()
    {
        var store = _lab.Open(_time);
        var blobs = new StoredBlobs(store, new BlobProvenance(store), _lab.Meter, _time);
        Assert.True(CacheLab.TryKeep(store, Blob));
        var file = Directory.GetFiles(Path.Combine(_lab.Folder, "objects"), "*", SearchOption.AllDirectories).Single();
        var written = File.GetLastWriteTimeUtc(file);
        await using (var stream = File.OpenWrite(file))
        {
            stream.WriteByte((byte)~Blob.Bytes[0]);
        }

        // As a disk forgets: nothing tells.
        File.SetLastWriteTimeUtc(file, written);
        using (var believed = await blobs.Open("acme", CacheLab.Hub, Blob.Digest))
        {
            Assert.NotNull(believed);
        }

        _time.Advance(TimeSpan.FromHours(25));
        using (var meanwhile = await blobs.Open("acme", CacheLab.Hub, Blob.Digest))
        {
            Assert.NotNull(meanwhile);
        }

        await Eventually.True(() => Task.FromResult(!blobs.Has("acme", CacheLab.Hub, Blob.Digest)), "the wrong file is found and goes");
        Assert.Equal(1, _lab.Meter.Corruptions);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Odd_things_in_the_folder_do_not_hide_the_rest()
    {
        using (var before = _lab.Open(_time))
        {
            Assert.True(CacheLab.TryKeep(before, Blob));
        }

        var objects = Path.Combine(_lab.Folder, "objects");
        Directory.CreateSymbolicLink(Path.Combine(objects, "loop"), objects);
        File.CreateSymbolicLink(Path.Combine(objects, "dangling"), "/nonexistent");
        await File.WriteAllTextAsync(Path.Combine(objects, "stray"), "x");
        await File.WriteAllTextAsync(Path.Combine(_lab.Folder, "partial", "left"), "half");
        var store = _lab.Open(_time);
        Assert.Equal((1, Blob.Bytes.Length), store.Use);
        Assert.Empty(Directory.GetFiles(Path.Combine(_lab.Folder, "partial")));
        using var lease = await new StoredBlobs(store, new BlobProvenance(store), _lab.Meter, _time)
            .Open("acme", CacheLab.Hub, Blob.Digest);
        Assert.NotNull(lease);
    }

    public void Dispose() => _lab.Dispose();
}
