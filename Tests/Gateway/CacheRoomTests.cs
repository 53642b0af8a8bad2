using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Tests.Support.Images;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Who makes room in a full cache.</summary>
public sealed class CacheRoomTests : IDisposable
{
    private const int Size = 2_000_000;

    private readonly CacheLab _lab = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly DiskStore _store;
    private int _seed = 800;

    public CacheRoomTests() => _store = _lab.Open(_time, maxBytes: 10 * Size);

    [Fact]
    public void What_was_not_used_for_longest_goes_first_and_what_is_read_stays()
    {
        var blobs = Fill("acme", 10);
        var pinned = _store.Open(NameOf(blobs[0]))!;
        _time.Advance(TimeSpan.FromSeconds(1));
        _store.Open(NameOf(blobs[1]))!.Dispose();
        Fill("acme", 2);
        Assert.Equal([blobs[2], blobs[3]], blobs.Where(blob => _store.OwnerOf(NameOf(blob)) is null));
        Fill("acme", 8);
        Assert.Equal([blobs[0]], blobs.Where(blob => _store.OwnerOf(NameOf(blob)) is not null));
        pinned.Dispose();
        Fill("acme", 10);
        Assert.DoesNotContain(blobs, blob => _store.OwnerOf(NameOf(blob)) is not null);
    }

    [Fact]
    public void However_small_they_are_there_are_never_more_files_than_a_number()
    {
        var index = new DiskIndex(long.MaxValue, _time, maxFiles: 10);
        List<DiskEntry> leaving = [];
        Add("quiet", 3);
        Add("loud", 30);
        Assert.Equal(10, index.Count);
        Assert.Equal(Enumerable.Repeat("loud", 23), leaving.Select(entry => entry.Share));

        void Add(string owner, int files)
        {
            for (var i = 0; i < files; i++)
            {
                Assert.True(index.Reserve(owner, 1, leaving));
                index.Release(owner, 1);
                index.Add($"{owner}{i}", owner, 1);
            }
        }
    }

    [Fact]
    public void A_length_that_is_only_said_empties_nothing()
    {
        var blobs = Fill("acme", 9);
        using var file = _store.Begin(new Supplier("acme", CacheLab.Hub.Identity), 5 * Size)!;
        Assert.Equal(blobs.Skip(2), blobs.Where(blob => _store.OwnerOf(NameOf(blob)) is not null));
    }

    [Fact]
    public void Nothing_larger_than_half_of_it_is_kept()
    {
        Assert.Null(_store.Begin(new Supplier("acme", CacheLab.Hub.Identity), (5 * Size) + 1));
        using var half = _store.Begin(new Supplier("acme", CacheLab.Hub.Identity), 5 * Size);
        Assert.NotNull(half);
    }

    [Fact]
    public void A_tenant_cannot_push_out_what_others_have_of_their_part()
    {
        var quiet = Fill("quiet", 3);
        var loud = Fill("loud", 60);
        Assert.All(quiet, blob => Assert.True(_store.OwnerOf(NameOf(blob)) is not null));
        Assert.Equal(7, loud.Count(blob => _store.OwnerOf(NameOf(blob)) is not null));

        // A third one gets its part from who has more than that.
        var third = Fill("third", 3);
        Assert.All(third, blob => Assert.True(_store.OwnerOf(NameOf(blob)) is not null));
        Assert.Equal(4, loud.Count(blob => _store.OwnerOf(NameOf(blob)) is not null));
        Assert.Equal(3, quiet.Count(blob => _store.OwnerOf(NameOf(blob)) is not null));
    }

    [Fact]
    public void What_nobody_asks_for_within_a_day_protects_nobody()
    {
        var forgotten = Fill("quiet", 4);
        _time.Advance(TimeSpan.FromHours(25));
        Fill("loud", 10);
        Assert.DoesNotContain(forgotten, blob => _store.OwnerOf(NameOf(blob)) is not null);
    }

    [Fact]
    public void Shares_are_known_again_after_a_restart()
    {
        var quiet = Fill("quiet", 4);
        _store.Dispose();
        var again = _lab.Open(_time, maxBytes: 10 * Size);
        for (var i = 0; i < 30; i++)
        {
            Assert.True(CacheLab.TryKeep(again, TestBlob.Random(_seed++, Size), "loud"));
        }

        Assert.All(quiet, blob => Assert.True(again.OwnerOf(NameOf(blob)) is not null));
    }

    public void Dispose() => _lab.Dispose();

    private List<TestBlob> Fill(string tenant, int count) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        var blob = TestBlob.Random(_seed++, Size);
        Assert.True(CacheLab.TryKeep(_store, blob, tenant));
        _time.Advance(TimeSpan.FromSeconds(1));
        return blob;
    })];

    private static string NameOf(TestBlob blob) => StoredBlobs.NameOf(blob.Digest);
}
