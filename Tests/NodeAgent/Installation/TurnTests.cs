using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.ApiServer;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Installation.Turns;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>Nodes that restart their kubelet take turns by leases.</summary>
public sealed class TurnTests : IDisposable
{
    /// <summary>The longest that a waiting node pauses.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(48);

    private readonly FakeTimeProvider _time = new();
    private readonly FakeLeases _leases;

    public TurnTests() => _leases = new FakeLeases(_time);

    [Fact]
    public async Task One_after_the_other()
    {
        var (first, second) = (TurnOf("a", 1), TurnOf("b", 1));
        await first.Take(CancellationToken.None);
        var waiting = second.Take(CancellationToken.None);
        await Pass(TimeSpan.FromMinutes(1));
        Assert.False(waiting.IsCompleted);
        await first.Release(CancellationToken.None);
        await Pass(Longest);
        await waiting;
        Assert.Equal("b", _leases.Holder("door-0"));
    }

    [Fact]
    public async Task As_many_as_are_allowed_and_a_node_that_tries_again_keeps_its_own()
    {
        await TurnOf("a", 2).Take(CancellationToken.None);
        await TurnOf("b", 2).Take(CancellationToken.None);
        await TurnOf("b", 2).Take(CancellationToken.None);
        Assert.Equal(("a", "b"), (_leases.Holder("door-0"), _leases.Holder("door-1")));
        Assert.False(TurnOf("c", 2).Take(CancellationToken.None).IsCompleted);
    }

    [Theory]
    [InlineData("10%", 39, 3)]
    [InlineData("10%", 5, 1)]
    [InlineData("100%", 2, 2)]
    public async Task A_share_of_the_nodes_is_of_those_that_there_are(string share, int nodes, int places)
    {
        _leases.Nodes = nodes;
        for (var i = 0; i < places; i++)
        {
            await TurnOf($"n{i}", share).Take(CancellationToken.None);
        }

        Assert.False(TurnOf("late", share).Take(CancellationToken.None).IsCompleted);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0%")]
    [InlineData("101%")]
    [InlineData("-1")]
    [InlineData("%")]
    [InlineData("some")]
    public void Nonsense_is_no_count(string text) => Assert.False(TurnCount.TryParse(text, out _));

    [Fact]
    public async Task A_node_that_is_gone_is_waited_for_ten_minutes()
    {
        await TurnOf("gone", 1).Take(CancellationToken.None);
        var waiting = TurnOf("b", 1).Take(CancellationToken.None);
        await Pass(Turn.Length - TimeSpan.FromSeconds(9));
        Assert.False(waiting.IsCompleted);
        await Pass(TimeSpan.FromSeconds(9) + Longest);
        await waiting;
    }

    [Theory]
    [InlineData(60)]
    [InlineData(-60)]
    public async Task A_node_whose_clock_is_wrong_neither_takes_a_turn_nor_loses_one(int minutes)
    {
        var wrong = new FakeTimeProvider(_time.GetUtcNow() + TimeSpan.FromMinutes(minutes));
        await TurnOf("a", "1", minutes > 0 ? _time : wrong).Take(CancellationToken.None);
        var waiting = TurnOf("b", "1", minutes > 0 ? wrong : _time).Take(CancellationToken.None);
        await wrong.Pass(TimeSpan.FromMinutes(9), TimeSpan.FromSeconds(3));
        await Pass(TimeSpan.FromMinutes(9));
        Assert.False(waiting.IsCompleted);
        Assert.Equal("a", _leases.Holder("door-0"));
    }

    [Fact]
    public async Task A_node_that_takes_longer_than_a_turn_keeps_it()
    {
        var installed = new TaskCompletionSource<int>();
        var running = TurnOf("a", 1).Run(true, () => installed.Task, CancellationToken.None);
        var waiting = TurnOf("b", 1).Take(CancellationToken.None);
        await Pass(Turn.Length * 2);
        Assert.False(waiting.IsCompleted);
        installed.SetResult(0);
        Assert.Equal(0, await running);
        await Pass(Longest);
        await waiting;
        Assert.Equal("b", _leases.Holder("door-0"));
    }

    [Fact]
    public async Task Whoever_was_quicker_has_it_and_a_refusal_says_what_is_missing()
    {
        _leases.Quicker = "other";
        Assert.False(TurnOf("a", 1).Take(CancellationToken.None).IsCompleted);
        Assert.Equal("other", _leases.Holder("door-0"));
        _leases.Forbidden = true;
        var fault = await Assert.ThrowsAnyAsync<IOException>(() => TurnOf("b", 1).Take(CancellationToken.None));
        Assert.Contains("403 Forbidden; see deploy/nodeagent/base/turns.yaml", fault.Message);
    }

    [Fact]
    public async Task Many_that_wait_ask_rarely_and_not_all_at_once()
    {
        (_leases.Nodes, var stop) = (1000, new CancellationTokenSource());
        List<Task> waiting = [];
        for (var place = 0; place < 100; place++)
        {
            await TurnOf($"n{place}", "10%").Take(stop.Token);
        }

        waiting.AddRange(Enumerable.Range(0, 100).Select(index => TurnOf($"w{index}", "10%").Take(stop.Token)));
        await Pass(TimeSpan.FromMinutes(2));
        _leases.Asked.Clear();
        await Pass(TimeSpan.FromMinutes(1));
        Assert.All(waiting, task => Assert.False(task.IsCompleted));

        // Two questions each, of which there are two in a minute: before there were two for every place each three seconds.
        Assert.InRange(_leases.Asked.Count, 300, 700);
        Assert.InRange(_leases.Asked.GroupBy(moment => moment).Max(group => group.Count()), 1, 100);
        await stop.CancelAsync();
        await Task.WhenAll(waiting.Select(task => task.ContinueWith(_ => { }, TaskScheduler.Default)));
        stop.Dispose();
    }

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(null)]
    public async Task A_node_that_waits_goes_on_waiting_while_the_api_server_has_too_much_to_do(HttpStatusCode? status)
    {
        await TurnOf("gone", 1).Take(CancellationToken.None);
        var waiting = TurnOf("b", 1).Take(CancellationToken.None);
        await Pass(Turn.Length / 2);
        (_leases.Busy, _leases.Away) = (status, 2);
        await Pass(Turn.Length / 2);
        Assert.InRange(_leases.Away, int.MinValue, 0);
        await Pass(Longest * 2);
        await waiting;
        Assert.Equal("b", _leases.Holder("door-0"));
    }

    [Fact]
    public async Task A_node_that_is_refused_is_as_it_was_and_no_other_waits_for_it()
    {
        await Assert.ThrowsAsync<InstallRefusal>(
            () => TurnOf("a", 1).Run(true, () => throw new InstallRefusal("/etc is read-only"), CancellationToken.None));
        Assert.Equal("", _leases.Holder("door-0"));
        await Assert.ThrowsAsync<IOException>(
            () => TurnOf("a", 1).Run(true, () => throw new IOException("in the middle"), CancellationToken.None));
        Assert.Equal("a", _leases.Holder("door-0"));
    }

    [Fact]
    public async Task Leases_of_others_are_none_of_turns_and_long_lists_are_read_to_their_end()
    {
        _leases.PageSize = 2;
        foreach (var index in Enumerable.Range(0, 5))
        {
            await TurnOf($"n{index}", 5).Take(CancellationToken.None);
        }

        _leases.Put("door-leader", "n4");
        Assert.Equal(0, await TurnOf("n4", 5).Run(false, () => Task.FromResult(0), CancellationToken.None));
        Assert.Equal(("", "n4", "n3"), (_leases.Holder("door-4"), _leases.Holder("door-leader"), _leases.Holder("door-3")));
    }

    [Fact]
    public async Task A_turn_is_handed_on_when_the_api_server_answers_again()
    {
        var running = TurnOf("a", 1).Run(true, () => Installed(away: 3), CancellationToken.None);
        Assert.Equal(0, await _time.Passing(running, TimeSpan.FromSeconds(3)));
        Assert.Equal("", _leases.Holder("door-0"));
    }

    [Fact]
    public async Task A_turn_that_could_not_be_handed_on_is_by_the_next_start_which_restarts_nothing()
    {
        await TurnOf("other", 2).Take(CancellationToken.None);
        var running = TurnOf("a", 2).Run(true, () => Installed(away: 100), CancellationToken.None);
        await Assert.ThrowsAsync<IOException>(() => _time.Passing(running, TimeSpan.FromSeconds(3)));
        Assert.Equal("a", _leases.Holder("door-1"));
        Assert.Equal(0, await TurnOf("a", 2).Run(false, () => Installed(away: 0), CancellationToken.None));
        Assert.Equal(("other", ""), (_leases.Holder("door-0"), _leases.Holder("door-1")));
    }

    [Fact]
    public async Task A_node_on_which_it_fails_keeps_its_turn_and_one_that_restarts_nothing_does_not_depend_on_the_api_server()
    {
        Assert.Equal(1, await TurnOf("a", 1).Run(true, () => Task.FromResult(1), CancellationToken.None));
        Assert.Equal(0, await TurnOf("a", 1).Run(false, () => Installed(away: 100), CancellationToken.None));
        Assert.Equal("a", _leases.Holder("door-0"));
    }

    public void Dispose() => _leases.Dispose();

    /// <summary>An installation that goes well, after which the API server does not answer for so many requests.</summary>
    private Task<int> Installed(int away)
    {
        _leases.Away = away;
        return Task.FromResult(0);
    }

    private Turn TurnOf(string node, int count) => TurnOf(node, $"{count}");

    private Turn TurnOf(string node, string text) => TurnOf(node, text, _time);

    private Turn TurnOf(string node, string text, FakeTimeProvider time)
    {
        Assert.True(TurnCount.TryParse(text, out var count));
        var api = new KubernetesApi(new HttpMessageInvoker(_leases), new Uri("https://api.example"), () => "token", time);
        return new Turn(new LeaseApi(api, "space"), "door", count, node, TextWriter.Null, time);
    }

    private Task Pass(TimeSpan time) => _time.Pass(time, TimeSpan.FromSeconds(3));
}
