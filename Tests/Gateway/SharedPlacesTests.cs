using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Whoever keeps all the places that he can get leaves some for others.</summary>
public sealed class SharedPlacesTests
{
    private static CallerKey Caller(string name) => new(name, default);

    [Theory]
    [InlineData(100, 100, 50)]
    [InlineData(32, 32, 16)]
    [InlineData(200, 40, 160)]
    [InlineData(4, 1, 3)]
    [InlineData(3, 0, 3)]
    public void One_caller_alone_gets_no_more_of_the_last_places_than_are_left(int most, int last, int alone)
    {
        var places = new SharedPlaces(most, last, 0);
        var got = Enumerable.Range(0, most + 1).Count(_ => places.TryEnter(Caller("stranger")));
        Assert.Equal(alone, got);
        Assert.Equal(last > 0, places.TryEnter(Caller("alice")));
    }

    [Fact]
    public void However_many_strangers_keep_their_places_the_next_caller_finds_one()
    {
        var places = new SharedPlaces(100, 100, 0);
        for (var stranger = 0; stranger < 6; stranger++)
        {
            while (places.TryEnter(Caller($"stranger-{stranger}")))
            {
            }
        }

        Assert.True(places.TryEnter(Caller("alice")));
    }

    [Fact]
    public async Task More_places_serve_those_who_wait_and_fewer_end_nobody()
    {
        var places = new SharedPlaces(1, 0, 1);
        Assert.True(places.TryEnter(Caller("a")));
        var waiting = places.Enter(Caller("b"), TestContext.Current.CancellationToken);
        places.Resize(2, 0);
        Assert.True(await waiting);
        places.Resize(1, 0);
        places.Leave(Caller("a"));
        Assert.False(places.TryEnter(Caller("c")));
        places.Leave(Caller("b"));
        Assert.True(places.TryEnter(Caller("c")));
    }

    [Fact]
    public async Task Those_who_wait_are_served_by_turns_and_leave_nothing()
    {
        var places = new SharedPlaces(1, 0, 10);
        Assert.True(places.TryEnter(Caller("first")));
        List<string> served = [];
        var waiting = new[] { "a", "a", "a", "b", "c" }.Select(async name =>
        {
            Assert.True(await places.Enter(Caller(name), TestContext.Current.CancellationToken));
            lock (served)
            {
                served.Add(name);
            }

            places.Leave(Caller(name));
        }).ToList();
        using var gone = new CancellationTokenSource();
        var leaving = places.Enter(Caller("d"), gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        places.Leave(Caller("first"));
        await Task.WhenAll(waiting);
        Assert.Equal(["a", "b", "c", "a", "a"], served);
        Assert.Equal(0, places.Callers);
    }

    [Fact]
    public void A_caller_who_comes_again_costs_no_memory()
    {
        var places = new SharedPlaces(200, 40, 0);
        var caller = Caller("alice");
        Assert.True(places.TryEnter(caller));
        places.Leave(caller);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            places.TryEnter(caller);
            places.Leave(caller);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public async Task Of_one_caller_only_so_many_wait()
    {
        var places = new SharedPlaces(1, 0, 2);
        Assert.True(places.TryEnter(Caller("a")));
        var waiting = Enumerable.Range(0, 2)
            .Select(_ => places.Enter(Caller("a"), TestContext.Current.CancellationToken).AsTask()).ToList();
        Assert.False(await places.Enter(Caller("a"), TestContext.Current.CancellationToken));
        Assert.False(places.TryEnter(Caller("b")));
        for (var i = 0; i < 3; i++)
        {
            places.Leave(Caller("a"));
        }

        Assert.All(await Task.WhenAll(waiting), Assert.True);
        Assert.Equal(0, places.Callers);
    }

    [Fact]
    public async Task Any_course_of_entering_waiting_giving_up_and_leaving_ends_with_all_places_free()
    {
        var places = new SharedPlaces(8, 8, 100);
        var (inside, most) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(number => Task.Run(async () =>
        {
            var caller = Caller($"caller-{number % 5}");
            using var timeout = new CancellationTokenSource();
            if (number % 3 == 0)
            {
                timeout.CancelAfter(TimeSpan.FromMilliseconds(Random.Shared.Next(3)));
            }

            try
            {
                if (!await places.Enter(caller, timeout.Token))
                {
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var now = Interlocked.Increment(ref inside);
            InterlockedMax(ref most, now);
            await Task.Yield();
            Interlocked.Decrement(ref inside);
            places.Leave(caller);
        })));
        Assert.InRange(most, 1, 8);
        Assert.Equal(0, places.Callers);
        Assert.True(places.TryEnter(Caller("after")));
    }

    [Fact]
    public async Task Slow_questions_of_a_stranger_leave_places_for_the_pulls_of_others()
    {
        var time = new FakeTimeProvider();
        var queue = new UpstreamQueue(UpstreamQueue.MaxPulls, new WaitingStrangers(), time);
        var slow = Enumerable.Range(0, 1000)
            .Select(_ => queue.Enter(Caller("stranger"), TestContext.Current.CancellationToken).AsTask()).ToList();
        Assert.Equal(UpstreamQueue.MaxPulls / 2, slow.Count(one => one.IsCompleted));
        for (var i = 0; i < 10; i++)
        {
            var entering = queue.Enter(Caller("alice"), TestContext.Current.CancellationToken);
            Assert.True(entering.IsCompletedSuccessfully && await entering);
        }

        time.Advance(TimeSpan.FromSeconds(25));
        Assert.Equal(UpstreamQueue.MaxPulls / 2, (await Task.WhenAll(slow)).Count(one => one));
    }

    private static void InterlockedMax(ref int place, int value)
    {
        for (var known = Volatile.Read(ref place); value > known && Interlocked.CompareExchange(ref place, value, known) is var seen
            && seen != known;)
        {
            known = seen;
        }
    }
}
