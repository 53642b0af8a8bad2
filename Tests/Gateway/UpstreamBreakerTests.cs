using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What counts against an upstream: what it did, and nothing else.</summary>
public sealed class UpstreamBreakerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<bool> _changes = [];
    private readonly UpstreamBreaker _breaker;
    private HttpStatusCode? _host;
    private int _pings;

    public UpstreamBreakerTests() => _breaker = new UpstreamBreaker(_time, _changes.Add);

    [Fact]
    public async Task What_was_never_sent_counts_for_nobody()
    {
        for (var i = 0; i < 100; i++)
        {
            await Assert.ThrowsAsync<HttpRequestException>(
                () => Send(_ => throw new HttpRequestException("Request headers must contain only ASCII characters.")));
        }

        Assert.Empty(_changes);
        Assert.NotNull(await Send(_ => Task.FromResult(new HttpResponseMessage())));
    }

    [Fact]
    public async Task Clients_that_leave_count_for_nobody_and_hide_no_failure()
    {
        for (var i = 0; i < 10; i++)
        {
            for (var leaving = 0; leaving < 20; leaving++)
            {
                await Leave();
            }

            Assert.Empty(_changes);
            await Assert.ThrowsAsync<IOException>(() => Send(_ => throw new IOException("reset")));
        }

        Assert.Equal([true], _changes);
    }

    [Fact]
    public async Task A_client_that_leaves_neither_ends_the_try_nor_answers_for_the_upstream()
    {
        await Fail();
        _time.Advance(TimeSpan.FromSeconds(1));
        var answer = new TaskCompletionSource<HttpResponseMessage>();
        using var leave = new CancellationTokenSource();
        var trying = _breaker.Send(Question("a", cancellation => answer.Task.WaitAsync(cancellation)), CallKind.Pull, leave.Token);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => trying);
        Assert.Equal([true], _changes);
        answer.SetResult(new HttpResponseMessage(HttpStatusCode.NotFound));
        await Support.Processes.Eventually.True(() => _changes is [true, false], "the upstream's answer counts");
    }

    [Theory]
    [InlineData(CallKind.Listing)]
    [InlineData(CallKind.Write)]
    public async Task Listings_and_writes_that_fail_or_hang_stop_no_pull(object kind)
    {
        for (var i = 0; i < 100; i++)
        {
            await Assert.ThrowsAsync<IOException>(() => Send(_ => throw new IOException("reset"), (CallKind)kind));
            await Send(_ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.GatewayTimeout)), (CallKind)kind);
        }

        var hanging = Enumerable.Range(0, 200).Select(_ => Send(Hang, (CallKind)kind)).ToList();
        _time.Advance(TimeSpan.FromSeconds(11));
        var pull = new TaskCompletionSource<HttpResponseMessage>();
        var pulling = Send(cancellation => pull.Task.WaitAsync(cancellation));
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.All(await Task.WhenAll(
            hanging.Select(one => one.ContinueWith(done => done.Exception!.InnerException, TaskScheduler.Default))),
                fault => Assert.IsType<TimeoutException>(fault));
        Assert.False(pulling.IsCompleted);
        pull.SetResult(new HttpResponseMessage());
        Assert.NotNull(await pulling);
        Assert.Empty(_changes);
    }

    [Fact]
    public async Task While_nobody_pulls_the_others_are_let_on_after_the_break()
    {
        await Fail();
        Assert.Null(await Send(_ => throw new InvalidOperationException("it is left alone"), CallKind.Listing));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(await Send(_ => Task.FromResult(new HttpResponseMessage()), CallKind.Listing));
    }

    [Theory]
    [InlineData(1, true, false)]
    [InlineData(2, true, false)]
    [InlineData(FailingRepositories.Many - 1, true, false)]
    [InlineData(FailingRepositories.Many, true, true)]
    [InlineData(1, false, true)]
    [InlineData(2, false, true)]
    public async Task Few_repositories_that_fail_stop_no_other_unless_their_host_fails_too(int repositories, bool hostIsWell, bool stops)
    {
        _host = hostIsWell ? HttpStatusCode.Unauthorized : HttpStatusCode.ServiceUnavailable;
        for (var i = 0; i < 300 && _changes.Count == 0; i++)
        {
            var fault = (i % 3) switch { 0 => new TimeoutException("no answer in time"), 1 =>
                new HttpIOException(HttpRequestError.ResponseEnded), _ => (Exception?)null };
            var send = Send(_ => fault is null ? Task.FromResult(new HttpResponseMessage(HttpStatusCode.GatewayTimeout)) : throw fault,
                repository: $"bad/{i % repositories}");
            await Assert.ThrowsAnyAsync<Exception>(
                async () => throw ((await send)!.StatusCode == HttpStatusCode.GatewayTimeout ? new IOException()
                    : new InvalidOperationException()));
            _time.Advance(TimeSpan.FromMilliseconds(20));
        }

        Assert.Equal(stops, _changes is [true]);
        Assert.InRange(_pings, 1, 4);
    }

    [Theory]
    [InlineData(HttpRequestError.NameResolutionError, System.Net.Sockets.SocketError.HostNotFound)]
    [InlineData(HttpRequestError.ConnectionError, System.Net.Sockets.SocketError.ConnectionRefused)]
    [InlineData(null, null)]
    public async Task A_host_to_which_there_is_no_connection_is_left_alone_whatever_was_asked_for(
        HttpRequestError? error, System.Net.Sockets.SocketError? socket)
    {
        _host = HttpStatusCode.OK;
        for (var i = 0; i < 10; i++)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => Send(_ => throw (error is { } kind
                ? new HttpRequestException(kind, "no connection", new System.Net.Sockets.SocketException((int)socket!.Value))
                : new TaskCanceledException("not connected in time", new TimeoutException()))));
        }

        Assert.Equal([true], _changes);
    }

    [Fact]
    public async Task A_try_that_was_never_sent_is_none_and_one_that_fails_asks_the_host()
    {
        await Fail();
        _time.Advance(TimeSpan.FromSeconds(40));
        await Assert.ThrowsAsync<HttpRequestException>(
            () => Send(_ => throw new HttpRequestException("Request headers must contain only ASCII characters.")));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Send(_ => throw new InvalidOperationException("a fault of our own")));
        await Assert.ThrowsAsync<TimeoutException>(() => Send(_ => throw new TimeoutException("no answer in time"), repository: "bad"));
        Assert.Null(await Send(_ => throw new InvalidOperationException("it is left alone")));
        _time.Advance(TimeSpan.FromSeconds(2));
        _host = HttpStatusCode.Unauthorized;
        Assert.Equal([true], _changes.Distinct());
        await Assert.ThrowsAsync<TimeoutException>(() => Send(_ => throw new TimeoutException("no answer in time"), repository: "bad"));
        Assert.False(_changes[^1]);
        Assert.NotNull(await Send(_ => Task.FromResult(new HttpResponseMessage()), repository: "good"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(50)]
    public async Task Repositories_that_fail_while_others_are_answered_stop_none_until_those_fail_too(int repositories)
    {
        for (var i = 0; i < 300; i++)
        {
            await FailFor($"bad/{i % repositories}", i);
            if (i % 50 == 0)
            {
                Assert.NotNull(await Send(_ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.NotFound)), repository: "good"));
            }

            _time.Advance(TimeSpan.FromMilliseconds(40));
        }

        Assert.Empty(_changes);
        for (var i = 0; i < 30 && _changes.Count == 0; i++)
        {
            await FailFor(i % 3 == 0 ? "good" : "bad/0", i);
        }

        Assert.Equal([true], _changes);
    }

    [Fact]
    public async Task What_was_asked_before_the_first_failure_speaks_for_nobody_and_two_scopes_of_a_repository_are_one()
    {
        var early = new TaskCompletionSource<HttpResponseMessage>();
        var asking = Send(_ => early.Task, repository: "good");
        _host = HttpStatusCode.OK;
        _time.Advance(TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 40; i++)
        {
            await FailFor(i % 2 == 0 ? "repository:bad/app:pull" : "repository:bad/app:pull,push repository:x:pull", i);
        }

        Assert.Empty(_changes);
        early.SetResult(new HttpResponseMessage());
        await asking;
        _host = null;
        _time.Advance(TimeSpan.FromSeconds(3));
        for (var i = 0; i < 40 && _changes.Count == 0; i++)
        {
            await FailFor(i % 2 == 0 ? "repository:bad/app:pull" : "repository:other/app:pull", i);
        }

        Assert.Equal([true], _changes);
    }

    private async Task FailFor(string repository, int turn)
    {
        if (turn % 2 == 0)
        {
            Assert.NotNull(await Send(
                _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)), repository: repository));
        }
        else
        {
            await Assert.ThrowsAsync<TimeoutException>(
                () => Send(_ => throw new TimeoutException("no answer in time"), repository: repository));
        }
    }

    private static async Task<HttpResponseMessage> Hang(CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        throw new InvalidOperationException("it hangs");
    }

    private async Task Fail()
    {
        for (var i = 0; i < 11; i++)
        {
            await Send(_ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)),
                repository: i % 2 == 0 ? "a" : "b");
        }

        Assert.Equal([true], _changes);
        Assert.Null(await Send(_ => throw new InvalidOperationException("it is left alone")));
    }

    private async Task Leave()
    {
        using var gone = new CancellationTokenSource();
        var sending = _breaker.Send(
            Question("a", cancellation =>
                Task.Delay(Timeout.Infinite, cancellation)
                    .ContinueWith<HttpResponseMessage>(_ => throw new IOException("the connection was closed"), TaskScheduler.Default)),
            CallKind.Pull, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
    }

    private Task<HttpResponseMessage?> Send(
        Func<CancellationToken, Task<HttpResponseMessage>> send, CallKind kind = CallKind.Pull, string repository = "a") =>
        _breaker.Send(Question(repository, send), kind, CancellationToken.None);

    /// <summary>A question; the host says what the test says, or nothing.</summary>
    private UpstreamQuestion Question(string repository, Func<CancellationToken, Task<HttpResponseMessage>> send) =>
        AskedHost.Question(repository, send, _ =>
        {
            _pings++;
            return _host is { } status ? Task.FromResult(new HttpResponseMessage(status)) : throw new IOException("reset");
        });
}
