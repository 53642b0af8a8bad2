using RegistryProxy.Gateway.Memory;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What goes of one group costs no look at another, and a group goes with its last entry.</summary>
public sealed class GroupedCacheTests
{
    [Fact]
    public void Only_the_group_that_is_meant_goes()
    {
        var cache = Cache(100_000, 1 << 30);
        for (var i = 0; i < 20_000; i++)
        {
            cache.Set((i % 5000, i), $"{i}");
        }

        cache.RemoveGroup(7);
        Assert.Equal((19_996, 4999), (cache.Count, cache.Groups));
        Assert.False(cache.TryGet((7, 5007), out _));
        Assert.True(cache.TryGet((8, 5008), out _));
        cache.Remove((8, 8));
        Assert.Equal((19_995, 4999), (cache.Count, cache.Groups));
    }

    [Fact]
    public void An_entry_goes_with_any_of_its_groups_and_leaves_those_of_what_it_was_before()
    {
        var cache = new GroupedCache<string, int, string>(
            1000, 1 << 20, (_, _) => 0, (key, _) => $"key {key}", (_, value) => $"value {value}");
        for (var i = 0; i < 100; i++)
        {
            cache.Set(i, "old");
            cache.Set(i, i % 2 == 0 ? "even" : "odd");
        }

        Assert.Equal((100, 102), (cache.Count, cache.Groups));
        cache.RemoveGroup("value old");
        cache.RemoveGroup("key 1");
        Assert.Equal((99, 101), (cache.Count, cache.Groups));
        cache.RemoveGroup("value even");
        Assert.Equal((49, 50), (cache.Count, cache.Groups));
        Assert.False(cache.TryGet(2, out _));
        Assert.True(cache.TryGet(3, out _));
    }

    [Fact]
    public void Groups_go_with_the_entries_that_had_to_make_room_or_were_too_heavy()
    {
        var cache = Cache(100, 1 << 20);
        for (var i = 0; i < 1000; i++)
        {
            cache.Set((i, i), "x");
        }

        Assert.Equal(cache.Count, cache.Groups);
        Assert.InRange(cache.Groups, 1, 100);
        cache.Set((-1, -1), new string('x', 1 << 20));
        Assert.Equal(cache.Count, cache.Groups);
        cache.Set((999, 999), new string('x', 1 << 20));
        Assert.False(cache.TryGet((999, 999), out _));
        Assert.Equal(cache.Count, cache.Groups);
    }

    [Fact]
    public async Task Whoever_removes_a_group_finds_everything_that_was_kept_before()
    {
        var cache = Cache(50, 1 << 20);
        var lost = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                cache.Set((writer, i % 40), "x");
                cache.RemoveGroup(writer);
                lost += cache.TryGet((writer, i % 40), out _) ? 1 : 0;
            }
        })));
        Assert.Equal((0, 0, 0), (lost, cache.Count, cache.Groups));
    }

    [Fact]
    public void When_it_is_full_a_group_above_its_share_gives_way_and_what_is_in_use_of_it_last()
    {
        var cache = new GroupedCache<int, (int Group, int Number), string>(
            100_000, 1 << 20, (_, value) => value.Length, (key, _) => key.Group)
        {
            Share = 1 << 17,
        };
        for (var i = 0; i < 200; i++)
        {
            cache.Set((1, i), "x");
        }

        for (var i = 0; i < 1000; i++)
        {
            cache.Set((2, i), new string('x', 40_000));
            Assert.True(cache.TryGet((2, 0), out _), $"{i}: what is in use is spared");
        }

        Assert.Equal(200, cache.Of(1).Count);
        Assert.InRange(cache.Of(2).Count, 10, 25);

        // It gives way to others, too, down to its share.
        for (var i = 0; i < 1800; i++)
        {
            cache.Set((3 + (i % 20), i), "x");
        }

        Assert.Equal(2000, cache.Count - cache.Of(2).Count);
        Assert.InRange(cache.Of(2).Count, 1, 5);
        cache.RemoveGroup(2);
        for (var i = 0; i < 10; i++)
        {
            cache.Set((2, i), "x");
        }

        Assert.Equal((2010, 22), (cache.Count, cache.Groups));
    }

    [Fact]
    public void What_is_there_already_makes_no_room_when_it_is_kept_anew()
    {
        var cache = new GroupedCache<int, (int Group, int Number), string>(
            100, 1 << 20, (_, value) => value.Length, (key, _) => key.Group)
        {
            Share = 1 << 10,
        };
        for (var i = 0; i < 99; i++)
        {
            cache.Set((1, i), "x");
        }

        for (var i = 0; i < 1000; i++)
        {
            cache.Set((2, 0), new string('x', i % 50));
        }

        Assert.Equal((100, 99), (cache.Count, cache.Of(1).Count));
    }

    private static GroupedCache<int, (int Group, int Number), string> Cache(int capacity, long bytes) =>
        new(capacity, bytes, (_, value) => value.Length, (key, _) => key.Group);
}
