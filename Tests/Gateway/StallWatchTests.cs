using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Gateway;

/// <summary>How long the head of an answer is waited for, and for whose sake it is not.</summary>
public sealed class StallWatchTests
{
    private readonly CountingTime _time = new();
    private readonly StallWatch _watch;
    private Func<CancellationToken, Task<HttpResponseMessage>> _host =
        _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized));
    private int _pings;

    public StallWatchTests() => _watch = new StallWatch(new HostProbe(_time), () => false, _time);

    [Fact]
    public async Task A_client_that_waits_thirty_seconds_hears_of_an_upstream_that_hangs()
    {
        var waiting = Wait("a", TestContext.Current.CancellationToken);
        await _time.Pass(TimeSpan.FromSeconds(19), TimeSpan.FromSeconds(1));
        Assert.False(waiting.IsCompleted);
        await _time.Pass(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TimeoutException>(() => waiting);
    }

    [Fact]
    public async Task A_client_that_leaves_is_no_upstream_that_hangs()
    {
        using var gone = new CancellationTokenSource();
        var waiting = Wait("a", gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_crowd_that_waits_for_two_repositories_of_a_host_that_answers_costs_nobody_a_slow_answer_and_has_one_timer()
    {
        await Answer(100);
        var crowd = Enumerable.Range(0, 80).Select(i => Wait($"bad/{i % 2}")).ToList();
        var slow = new TaskCompletionSource<HttpResponseMessage>();
        var other = _watch.Watch(Question("good", _ => slow.Task), default);
        await _time.Pass(TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(200));
        Assert.Equal(1, _time.Timers - _pings);
        Assert.InRange(_pings, 1, 9);
        Assert.All(crowd, one => Assert.False(one.IsCompleted));
        slow.SetResult(new HttpResponseMessage());
        Assert.Equal(HttpStatusCode.OK, (await other).StatusCode);
        await _time.Pass(TimeSpan.FromSeconds(6), TimeSpan.FromMilliseconds(200));
        Assert.All(await Task.WhenAll(crowd.Select(Fault)), fault => Assert.IsType<TimeoutException>(fault));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(FailingRepositories.Many, true)]
    public async Task A_crowd_gives_up_soon_when_the_host_is_silent_or_it_waits_for_many(int repositories, bool hostAnswers)
    {
        await Answer(100);
        _host = hostAnswers ? _host : Hang;
        var crowd = Enumerable.Range(0, 50).Select(i => Wait($"r/{i % repositories}")).ToList();
        await _time.Pass(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(50));
        Assert.All(await Task.WhenAll(crowd.Select(Fault)), fault => Assert.IsType<TimeoutException>(fault));
    }

    private async Task Answer(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await _watch.Watch(Question("good", _ => Task.FromResult(new HttpResponseMessage())), default);
        }

        _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    private Task<HttpResponseMessage> Wait(string repository, CancellationToken cancellation = default) =>
        _watch.Watch(Question(repository, Hang), cancellation);

    private UpstreamQuestion Question(string repository, Func<CancellationToken, Task<HttpResponseMessage>> send) =>
        AskedHost.Question(repository, send, cancellation =>
        {
            _pings++;
            return _host(cancellation);
        });

    private static async Task<Exception?> Fault(Task task)
    {
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.Exception?.InnerException;
    }

    private static async Task<HttpResponseMessage> Hang(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
        return new HttpResponseMessage();
    }

    private sealed class CountingTime() : FakeTimeProvider(DateTimeOffset.UtcNow)
    {
        public int Timers { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Timers++;
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
