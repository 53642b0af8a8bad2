using RegistryProxy.Gateway.Memory;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Caches are bounded in bytes, whatever their keys and values.</summary>
public sealed class WeighedCacheTests
{
    private const long MaxBytes = 1_000_000;

    private readonly WeighedCache<string, string> _texts = new(1000, MaxBytes, (key, value) => TextWeight.Of(key) + TextWeight.Of(value));

    [Fact]
    public void What_was_not_used_for_longest_goes_when_the_rest_does_not_fit()
    {
        for (var i = 0; i < 1000; i++)
        {
            _texts.Set($"{i}", new string('x', 10_000));
            _texts.TryGet("0", out _);
            Assert.True(_texts.Bytes <= MaxBytes, $"{_texts.Bytes}");
        }

        Assert.InRange(_texts.Count, 30, 50);
        Assert.True(_texts.TryGet("999", out _));
        Assert.True(_texts.TryGet("0".AsSpan(), out var used));
        Assert.Equal(10_000, used.Length);
        Assert.False(_texts.TryGet("500", out _));
    }

    [Fact]
    public void One_that_is_too_large_is_used_and_not_kept()
    {
        _texts.Set("a", "small");
        _texts.Set("a", new string('x', 100_000));
        Assert.False(_texts.TryGet("a", out _));
        Assert.Equal(100_000, _texts.GetOrAdd("b", () => new string('x', 100_000)).Length);
        Assert.Equal((0, 0), (_texts.Count, _texts.Bytes));
    }

    [Fact]
    public void What_is_put_in_and_taken_out_over_and_over_leaves_nothing()
    {
        for (var i = 0; i < 100_000; i++)
        {
            _texts.Set("a", "b");
            _texts.Set("a", "c");
            _texts.Remove("a");
        }

        Assert.Equal((0, 0), (_texts.Count, _texts.Bytes));
    }

    [Fact]
    public async Task Weights_add_up_whoever_adds_replaces_and_removes_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                var key = $"{(i * (worker + 1)) % 300}";
                switch (i % 4)
                {
                    case 0:
                        _texts.Set(key, new string('x', i % 7000));
                        break;
                    case 1:
                        _texts.GetOrAdd(key, () => new string('y', i % 5000));
                        break;
                    case 2:
                        _texts.Remove(key);
                        break;
                    default:
                        _texts.TryGet(key, out _);
                        break;
                }
            }
        })));
        Assert.Equal(_texts.Entries.Sum(entry => 200 + TextWeight.Of(entry.Key) + TextWeight.Of(entry.Value)), _texts.Bytes);
        Assert.True(_texts.Bytes <= MaxBytes);
        _texts.Clear();
        Assert.Equal(0, _texts.Bytes);
    }
}
