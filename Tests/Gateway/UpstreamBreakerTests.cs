using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What counts against an upstream: what it did, and nothing else.</summary>
public sealed class UpstreamBreakerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<bool> _changes = [];
    private readonly UpstreamBreaker _breaker;

    public UpstreamBreakerTests() => _breaker = new UpstreamBreaker(_time, _changes.Add);

    [Fact]
    public async Task What_was_never_sent_counts_for_nobody()
    {
        for (var i = 0; i < 100; i++)
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => Send(_ => throw new HttpRequestException("Request headers must contain only ASCII characters.")));
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
        var trying = _breaker.Send(Request(), CallKind.Pull, "a", (_, cancellation) => answer.Task.WaitAsync(cancellation), leave.Token);
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
        Assert.All(await Task.WhenAll(hanging.Select(one => one.ContinueWith(done => done.Exception!.InnerException, TaskScheduler.Default))), fault => Assert.IsType<TimeoutException>(fault));
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
    [InlineData(1)]
    [InlineData(2)]
    public async Task Answers_that_fail_or_do_not_come_for_one_repository_alone_stop_no_other(int repositories)
    {
        for (var i = 0; i < 100; i++)
        {
            var repository = $"bad/{i % repositories}";
            if (i % 2 == 0)
            {
                await Assert.ThrowsAnyAsync<Exception>(async () => Assert.NotNull(await Send(_ => throw new TimeoutException("no answer in time"), repository: repository)));
            }
            else
            {
                await Send(_ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.GatewayTimeout)), repository: repository);
            }

            if (_changes.Count > 0)
            {
                break;
            }
        }

        Assert.Equal(repositories > 1, _changes is [true]);
    }

    [Fact]
    public async Task A_try_that_was_never_sent_or_that_one_repository_alone_fails_for_is_none()
    {
        await Fail();
        _time.Advance(TimeSpan.FromSeconds(40));
        await Assert.ThrowsAsync<HttpRequestException>(() => Send(_ => throw new HttpRequestException("Request headers must contain only ASCII characters.")));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Send(_ => throw new InvalidOperationException("a fault of our own")));
        await Assert.ThrowsAsync<TimeoutException>(() => Send(_ => throw new TimeoutException("no answer in time"), repository: "bad"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Send(_ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)), repository: "bad"))!.StatusCode);
        Assert.Equal([true], _changes);
        Assert.NotNull(await Send(_ => Task.FromResult(new HttpResponseMessage()), repository: "good"));
        Assert.Equal([true, false], _changes);
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
        _time.Advance(TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 40; i++)
        {
            await FailFor(i % 2 == 0 ? "repository:bad/app:pull" : "repository:bad/app:pull,push repository:x:pull", i);
        }

        Assert.Empty(_changes);
        early.SetResult(new HttpResponseMessage());
        await asking;
        for (var i = 0; i < 40 && _changes.Count == 0; i++)
        {
            await FailFor(i % 2 == 0 ? "repository:bad/app:pull" : "repository:other/app:pull", i);
        }

        Assert.Equal([true], _changes);
    }

    [Fact]
    public async Task A_repository_whose_try_took_its_time_and_said_nothing_gets_no_other_one_for_ten_seconds()
    {
        await Fail();
        _time.Advance(TimeSpan.FromSeconds(40));
        await Assert.ThrowsAsync<TimeoutException>(() => Send(_ => throw Late(), repository: "slow"));
        Assert.Null(await Send(_ => throw new InvalidOperationException("it had its try"), repository: "slow"));
        _time.Advance(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<TimeoutException>(() => Send(_ => throw Late(), repository: "slow"));
        Assert.Equal([true], _changes);
        Assert.NotNull(await Send(_ => Task.FromResult(new HttpResponseMessage()), repository: "good"));
        Assert.Equal([true, false], _changes);
    }

    private TimeoutException Late()
    {
        _time.Advance(TimeSpan.FromSeconds(2));
        return new TimeoutException("no answer in time");
    }

    private async Task FailFor(string repository, int turn)
    {
        if (turn % 2 == 0)
        {
            Assert.NotNull(await Send(_ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)), repository: repository));
        }
        else
        {
            await Assert.ThrowsAsync<TimeoutException>(() => Send(_ => throw new TimeoutException("no answer in time"), repository: repository));
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
            await Send(_ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable)), repository: i % 2 == 0 ? "a" : "b");
        }

        Assert.Equal([true], _changes);
        Assert.Null(await Send(_ => throw new InvalidOperationException("it is left alone")));
    }

    private async Task Leave()
    {
        using var gone = new CancellationTokenSource();
        var sending = _breaker.Send(Request(), CallKind.Pull, "a", (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation).ContinueWith<HttpResponseMessage>(
            _ => throw new IOException("the connection was closed"), TaskScheduler.Default), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => sending);
    }

    private Task<HttpResponseMessage?> Send(Func<CancellationToken, Task<HttpResponseMessage>> send, CallKind kind = CallKind.Pull, string repository = "a") =>
        _breaker.Send(Request(), kind, repository, (_, cancellation) => send(cancellation), CancellationToken.None);

    private static HttpRequestMessage Request() => new(HttpMethod.Get, "http://upstream.example/");
}
