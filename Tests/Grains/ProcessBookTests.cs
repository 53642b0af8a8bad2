using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Operations;

namespace RegistryProxy.Tests.Grains;

/// <summary>Which processes operators are told of, and which reports count.</summary>
public sealed class ProcessBookTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ProcessBook _book;

    public ProcessBookTests() => _book = new ProcessBook(_time);

    [Fact]
    public void A_process_that_died_is_told_of_for_an_hour_with_the_time_of_its_last_report()
    {
        Take("a", 1);
        var died = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty(_book.Reporting);
        Assert.Equal(died, Assert.Single(_book.Describe()).SilentSince);
        _time.Advance(TimeSpan.FromMinutes(56));
        Assert.Empty(_book.Describe());
    }

    [Fact]
    public void A_process_that_said_that_it_ends_is_not_missed()
    {
        Take("a", 1);
        _book.Leave("a");
        Assert.Empty(_book.Describe());
    }

    [Fact]
    public void A_process_that_was_started_again_in_its_place_is_not_missed()
    {
        Take("a", 1);
        _time.Advance(TimeSpan.FromMinutes(2));
        Take("b", 1);
        Assert.Null(Assert.Single(_book.Describe()).SilentSince);
    }

    [Fact]
    public void A_report_that_was_overtaken_is_not_the_base_of_the_next()
    {
        Take("a", 1);
        Take("a", 3);
        Assert.False(_book.TryTake(Report("a", 2), out _, out _));
        Assert.True(_book.TryTake(Report("a", 4), out var before, out _));
        Assert.Equal(3, before!.Number);
    }

    [Fact]
    public void A_process_that_was_cut_off_is_known_to_have_done_what_nobody_counted()
    {
        Take("a", 1);
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Single(_book.Describe());
        Assert.True(_book.TryTake(Report("a", 90), out var before, out var isReturned));
        Assert.Null(before);
        Assert.True(isReturned);
    }

    private void Take(string id, long number) => Assert.True(_book.TryTake(Report(id, number), out _, out _));

    private ProcessReport Report(string id, long number) => new()
    {
        Id = id, Number = number, Kind = "gateway", Host = "host", Version = "1", Started = _time.GetUtcNow(), Configuration = "v1",
    };
}
