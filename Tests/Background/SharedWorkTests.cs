using RegistryProxy.Background;

namespace RegistryProxy.Tests.Background;

/// <summary>Work that many ask for runs once; pauses after failures grow and end.</summary>
public sealed class SharedWorkTests
{
    [Fact]
    public async Task Who_asks_while_it_runs_gets_the_same_answer_and_whoever_comes_later_another_one()
    {
        var flight = new SingleFlight<int>();
        var (runs, work) = (0, new TaskCompletionSource<int>());
        var all = Enumerable.Range(0, 10).Select(_ => flight.Join(Begin)).ToList();
        Assert.True(flight.IsRunning);
        work.SetException(new IOException());
        Assert.All(await Task.WhenAll(all.Select(async each => await Record.ExceptionAsync(() => each))),
            fault => Assert.IsType<IOException>(fault));
        Assert.False(flight.IsRunning);
        work = new();
        work.SetResult(7);
        Assert.Equal((7, 2), (await flight.Join(Begin), runs));

        Task<int> Begin()
        {
            runs++;
            return work.Task;
        }
    }

    [Fact]
    public async Task Each_key_has_work_of_its_own_which_is_forgotten_when_it_ends()
    {
        var flights = new SingleFlights<string, int>();
        var (runs, work) = (0, new TaskCompletionSource<int>());
        var (one, same, other) = (flights.Join("a", Begin), flights.Join("a", Begin), flights.Join("b", Begin));
        Assert.Equal(2, runs);
        flights.Clear();
        var anew = flights.Join("a", Begin);
        work.SetResult(7);
        Assert.All(await Task.WhenAll(one, same, other, anew), result => Assert.Equal(7, result));
        Assert.Equal((7, 4), (await flights.Join("a", Begin), runs));

        Task<int> Begin()
        {
            runs++;
            return work.Task;
        }
    }

    [Fact]
    public async Task What_is_about_who_began_it_alone_is_not_shared_and_the_others_begin_another_run_for_all_of_them()
    {
        var flights = new WantedFlights<string, string>();
        var (refused, answered) = (new TaskCompletionSource<string>(), new TaskCompletionSource<string>());
        var runs = 0;
        var first = Join(refused);
        var others = Enumerable.Range(0, 10).Select(_ => Join(answered)).ToList();
        refused.SetResult("busy");
        Assert.Equal("busy", await first);
        answered.SetResult("here");
        Assert.All(await Task.WhenAll(others), result => Assert.Equal("here", result));
        Assert.InRange(runs, 2, 11);
        var own = new TaskCompletionSource<string>();
        own.SetResult("busy");
        Assert.Equal("busy", await Join(own));

        Task<string> Join(TaskCompletionSource<string> work) =>
            flights.Join("a", Begin(work), result => result == "busy", joinsBegun: true, CancellationToken.None);

        Func<CancellationToken, Task<string>> Begin(TaskCompletionSource<string> work) => _ =>
        {
            Interlocked.Increment(ref runs);
            return work.Task;
        };
    }

    [Fact]
    public async Task Who_needs_what_is_so_when_he_comes_joins_no_run_that_has_begun_but_shares_the_next_one()
    {
        var flights = new WantedFlights<string, int>();
        var (runs, first, second) = (0, new TaskCompletionSource<int>(), new TaskCompletionSource<int>());
        using var gone = new CancellationTokenSource();
        var early = Join(first, CancellationToken.None);
        var late = new[] { Join(second, CancellationToken.None), Join(second, CancellationToken.None), Join(second, gone.Token) };
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => late[2]);
        Assert.All(late[..2], each => Assert.False(each.IsCompleted));
        first.SetException(new IOException());
        await Assert.ThrowsAsync<IOException>(() => early);
        second.SetResult(2);
        Assert.All(await Task.WhenAll(late[..2]), result => Assert.Equal(2, result));
        Assert.Equal(2, Volatile.Read(ref runs));

        Task<int> Join(TaskCompletionSource<int> work, CancellationToken cancellation) => flights.Join(
            "a",
            _ =>
            {
                Interlocked.Increment(ref runs);
                return work.Task;
            },
            _ => false, joinsBegun: false, cancellation);
    }

    [Fact]
    public async Task The_next_run_does_not_begin_when_nobody_waits_for_it_any_more()
    {
        var flights = new WantedFlights<string, int>();
        var (first, isBegun) = (new TaskCompletionSource<int>(), false);
        using var gone = new CancellationTokenSource();
        var early = flights.Join("a", _ => first.Task, _ => false, joinsBegun: false, CancellationToken.None);
        var late = flights.Join("a", Late, _ => false, joinsBegun: false, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => late);
        first.SetResult(1);
        Assert.Equal(1, await early);
        Assert.Equal(3, await flights.Join("a", _ => Task.FromResult(3), _ => false, joinsBegun: false, CancellationToken.None));
        Assert.False(isBegun);

        Task<int> Late(CancellationToken stopped)
        {
            isBegun = true;
            return Task.FromResult(2);
        }
    }

    [Fact]
    public async Task Work_that_nobody_waits_for_any_more_is_given_up()
    {
        var flights = new WantedFlights<string, int>();
        var (runs, work) = (0, new TaskCompletionSource<CancellationToken>(TaskCreationOptions.RunContinuationsAsynchronously));
        using CancellationTokenSource one = new(), two = new();
        var waits = new[] { flights.Join("a", Begin, one.Token), flights.Join("a", Begin, two.Token) };
        var stop = await work.Task;
        await one.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits[0]);
        Assert.False(stop.IsCancellationRequested);
        await two.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits[1]);
        Assert.True(stop.IsCancellationRequested);

        // The next one begins anew, and so does who comes after it has ended.
        Assert.Equal(2, await flights.Join("a", _ => Task.FromResult(++runs), CancellationToken.None));
        Assert.Equal(3, await flights.Join("a", _ => Task.FromResult(++runs), CancellationToken.None));

        async Task<int> Begin(CancellationToken stopped)
        {
            runs++;
            work.SetResult(stopped);
            await Task.Delay(Timeout.Infinite, stopped);
            return 0;
        }
    }

    [Fact]
    public void A_pause_doubles_up_to_the_longest_one()
    {
        var pause = new Doubling(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Assert.Equal([1, 1, 2, 4, 256, 300, 300],
            new[] { 0, 1, 2, 3, 9, 10, int.MaxValue }.Select(failures => (int)pause.After(failures).TotalSeconds));
        Assert.InRange(Jitter.Between(0.5, 0.8), 0.5, 0.8);
    }
}
