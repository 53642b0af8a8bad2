using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Gateway;

/// <summary>A gateway within the rate limit of an account, in virtual time.</summary>
public sealed class RequestBudgetTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(0.1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly ScriptedAccount _account = new();
    private readonly RequestBudget _budget;

    public RequestBudgetTests() => _budget = new RequestBudget(
        "hub", "here", ClusterLab.Client(_account.Factory, new Relays(_time), _time), _time);

    [Fact]
    public async Task What_is_not_counted_costs_no_call_and_the_account_is_followed_once_a_minute()
    {
        for (var second = 0; second < 119; second++)
        {
            Assert.Null(await Admit(CallKind.Write, metered: false));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        await _account.Followed(2);
        Assert.Empty(_account.Leased);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await Admit(CallKind.Write, metered: false));
        await _account.Followed(3);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(404)]
    public async Task A_few_go_ahead_and_the_first_answer_lets_the_others_go(int status)
    {
        await Scout();
        var waiting = Admit().AsTask();
        await _time.Settle();
        Assert.False(waiting.IsCompleted);
        Assert.Null(_budget.Observe(new HttpResponseMessage((HttpStatusCode)status), CallKind.Pull, metered: true));
        Assert.Null(await waiting);
        Assert.Null(Assert.Single(_account.Seen).Limit);
        Assert.Null(_budget.Seen);

        // An upstream that does not count is not asked about again.
        Assert.Null(await Admit());
        Assert.Empty(_account.Leased);
    }

    [Fact]
    public async Task Who_waits_for_the_first_answer_goes_ahead_in_the_end()
    {
        await Scout();
        Assert.Null(await _time.Passing(Admit().AsTask(), Step));
        using var stop = new CancellationTokenSource();
        var waiting = _budget.Admit(CallKind.Pull, true, Deadline, stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Null(await _budget.Admit(CallKind.Pull, true, _time.GetTimestamp() - 1, CancellationToken.None));
    }

    [Fact]
    public async Task One_that_is_never_answered_leaves_its_place_to_another()
    {
        await Scout();
        _budget.Done(metered: false, isAnswered: false);
        _budget.Done(metered: true, isAnswered: true);
        _budget.Done(metered: true, isAnswered: false);
        Assert.True(Admit().AsTask().IsCompleted);
        Assert.False(Admit().AsTask().IsCompleted);
        Show(100, 50);
        _budget.Done(metered: true, isAnswered: false);
        Assert.Null(await Admit());
    }

    [Fact]
    public async Task What_an_answer_shows_is_kept_by_permits()
    {
        _account.Lease = new BudgetLease(2, TimeSpan.Zero);
        Assert.Null(await Admit());
        Show(100, 76);
        Assert.Equal(new RateLimitSighting(100, 76, TimeSpan.FromSeconds(21600)), _budget.Seen);
        Assert.Null(await Admit());
        Assert.Null(await Admit());
        Assert.Equal(("here", 20, 0, 1), Assert.Single(_account.Leased));
        Assert.Null(await Admit());
        Assert.Equal(("here", 20, 0, 3), _account.Leased.Last());

        // Permits are good for a while; what was not used is given back.
        _time.Advance(BudgetLease.Lifetime + TimeSpan.FromSeconds(1));
        Assert.Null(await Admit());
        Assert.Equal(("here", 20, 1, 4), _account.Leased.Last());
        Assert.Equal(3, _account.Leased.Count);
    }

    [Fact]
    public async Task Many_who_need_permits_ask_once()
    {
        _account.Lease = new BudgetLease(20, TimeSpan.Zero);
        Show(100, 76);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 15).Select(_ => Admit().AsTask())), Assert.Null);
        Assert.Single(_account.Leased);
    }

    [Fact]
    public async Task When_nothing_is_left_one_waits_no_longer_than_there_is_time()
    {
        _account.Lease = new BudgetLease(0, TimeSpan.FromMinutes(2));
        Show(100, 0);
        Assert.Equal(TimeSpan.FromMinutes(2), await Admit());
        Assert.Null(await Admit(metered: false));
        Assert.Single(_account.Leased);

        _account.Lease = new BudgetLease(1, TimeSpan.Zero);
        _time.Advance(TimeSpan.FromMinutes(2) - TimeSpan.FromSeconds(3));
        var waiting = Admit().AsTask();
        await _time.Settle();
        Assert.False(waiting.IsCompleted);
        Assert.Null(await _time.Passing(waiting, Step));
        Assert.Equal(2, _account.Leased.Count);
    }

    [Fact]
    public async Task Without_the_cluster_it_is_tried_again_every_second()
    {
        _account.IsAway = true;
        Show(100, 50);
        var started = _time.GetTimestamp();
        var waiting = Admit().AsTask();
        await Eventually.True(() => _account.Leased.Count == 1, "it was asked");
        await _time.Settle();
        _account.IsAway = false;
        Assert.Null(await _time.Passing(waiting, Step));
        Assert.InRange(_time.GetElapsedTime(started).TotalSeconds, 1, 2);
    }

    [Theory]
    [InlineData(null, 2)]
    [InlineData("7", 7)]
    public async Task A_refusal_that_shows_no_limit_is_for_all(string? after, int seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), _budget.Observe(Refused(after), CallKind.Pull, metered: true));
        Assert.Equal(new UpstreamThrottle(TimeSpan.FromSeconds(seconds), MeteredOnly: false), Assert.Single(_account.Throttles));
        Assert.Empty(_account.Seen);
        var deadline = _time.GetTimestamp() + (_time.TimestampFrequency / 2);
        Assert.All(
            [await Admit(CallKind.Pull, true, deadline), await Admit(CallKind.Write, false, deadline),
                await Admit(CallKind.Listing, false, deadline)],
            wait => Assert.Equal(TimeSpan.FromSeconds(seconds), wait));

        // A shorter one does not end it sooner.
        _budget.Observe(Refused("1"), CallKind.Write, metered: false);
        Assert.Equal(TimeSpan.FromSeconds(seconds), await Admit(CallKind.Write, false, deadline));
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Null(await Admit(CallKind.Pull, true));
    }

    [Fact]
    public async Task A_refused_listing_is_about_listings()
    {
        Assert.Equal(TimeSpan.FromSeconds(9), _budget.Observe(Refused("9"), CallKind.Listing, metered: false));
        var deadline = _time.GetTimestamp();
        Assert.Equal(TimeSpan.FromSeconds(9), await Admit(CallKind.Listing, false, deadline));
        Assert.Null(await Admit(CallKind.Pull, true, deadline));
        Assert.Null(await Admit(CallKind.Write, false, deadline));
        Assert.Empty(_account.Throttles);
    }

    [Fact]
    public async Task A_refusal_that_shows_the_limit_is_about_what_is_counted()
    {
        _account.Lease = new BudgetLease(5, TimeSpan.Zero);
        Show(100, 5);
        Assert.Null(await Admit());
        var refused = Refused("30");
        Limit(refused, 100, 0);
        Assert.Equal(TimeSpan.FromSeconds(30), _budget.Observe(refused, CallKind.Pull, metered: true));
        Assert.True(Assert.Single(_account.Throttles).MeteredOnly);
        var deadline = _time.GetTimestamp();
        Assert.Equal(TimeSpan.FromSeconds(30), await Admit(CallKind.Pull, true, deadline));
        Assert.Null(await Admit(CallKind.Write, false, deadline));

        // The permits of before are of no use any more.
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(await Admit());
        Assert.Equal(2, _account.Leased.Count);
        Assert.Equal(0, _account.Leased.Last().Returned);
    }

    [Fact]
    public async Task What_other_gateways_met_holds_here()
    {
        _account.State = new UpstreamAccountState(true, true, [new UpstreamThrottle(TimeSpan.FromSeconds(20), MeteredOnly: false)]);
        await Eventually.True(async () => await Admit(CallKind.Write, false, _time.GetTimestamp()) is not null, "it is known");
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(await Admit());
        Assert.Single(_account.Leased);

        await ((IUpstreamAccountObserver)_budget).Throttled(new UpstreamThrottle(TimeSpan.FromSeconds(3), MeteredOnly: true));
        Assert.Equal(TimeSpan.FromSeconds(3), await Admit(CallKind.Pull, true, _time.GetTimestamp()));
        Assert.Null(await Admit(CallKind.Write, false, _time.GetTimestamp()));
    }

    private long Deadline => _time.GetTimestamp() + (5 * _time.TimestampFrequency);

    private async Task Scout()
    {
        for (var i = 0; i < RateLimitSighting.Scouts; i++)
        {
            Assert.Null(await Admit());
        }
    }

    private ValueTask<TimeSpan?> Admit(CallKind kind = CallKind.Pull, bool metered = true, long? deadline = null) =>
        _budget.Admit(kind, metered, deadline ?? Deadline, CancellationToken.None);

    private void Show(int limit, int left)
    {
        var answer = new HttpResponseMessage();
        Limit(answer, limit, left);
        Assert.Null(_budget.Observe(answer, CallKind.Pull, metered: true));
    }

    private static void Limit(HttpResponseMessage answer, int limit, int left)
    {
        answer.Headers.TryAddWithoutValidation("ratelimit-limit", $"{limit};w=21600");
        answer.Headers.TryAddWithoutValidation("ratelimit-remaining", $"{left};w=21600");
    }

    private static HttpResponseMessage Refused(string? after)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        if (after is not null)
        {
            answer.Headers.TryAddWithoutValidation("Retry-After", after);
        }

        return answer;
    }
}
