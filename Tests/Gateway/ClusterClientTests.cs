using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Slow is not lost: what counts is asked again only when the silo that was asked is gone, or refused it.</summary>
public sealed class ClusterClientTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ScriptedRelays _cluster = new();

    public static TheoryData<string> Counted =>
        [nameof(CallPolicy.Password), nameof(CallPolicy.Assertion), nameof(CallPolicy.DeviceCode), nameof(CallPolicy.Redemption)];

    [Theory]
    [MemberData(nameof(Counted))]
    public async Task What_counts_is_asked_once_however_slow_the_answer_is(string row)
    {
        _cluster.Login = async (_, stop) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(13), _time, stop);
            return LoginResult.Rejected("slow");
        };
        Assert.Equal("slow", (await LogIn(Row(row))).Message);
        Assert.Single(_cluster.Asked);
    }

    [Theory]
    [MemberData(nameof(Counted))]
    public async Task What_counts_and_is_not_answered_is_unavailable_and_was_asked_once(string row)
    {
        _cluster.Login = Never;
        var fault = await Assert.ThrowsAsync<ClusterUnavailableException>(() => LogIn(Row(row)));
        Assert.IsType<TimeoutException>(fault.InnerException);
        Assert.Single(_cluster.Asked);
    }

    [Fact]
    public async Task A_password_is_asked_for_again_when_its_silo_is_gone()
    {
        var moved = false;
        _cluster.Where = (_, _) => Task.FromResult(moved ? "two" : "one");
        _cluster.Login = (way, stop) =>
        {
            if (moved)
            {
                return Task.FromResult(LoginResult.Rejected("by two"));
            }

            moved = true;
            return Never(way, stop);
        };
        var started = _time.GetTimestamp();
        Assert.Equal("by two", (await LogIn(CallPolicy.Password)).Message);
        Assert.Equal(2, _cluster.Asked.Count);
        Assert.InRange(_time.GetElapsedTime(started).TotalSeconds, 0, 3);
    }

    [Fact]
    public async Task What_can_be_used_once_is_not_asked_for_again_when_its_silo_is_gone()
    {
        var moved = false;
        _cluster.Where = (_, _) => Task.FromResult(moved ? "two" : "one");
        _cluster.Login = (way, stop) =>
        {
            moved = true;
            return Never(way, stop);
        };
        await Assert.ThrowsAsync<ClusterUnavailableException>(() => LogIn(CallPolicy.Assertion));
        Assert.Single(_cluster.Asked);
    }

    [Theory]
    [MemberData(nameof(Counted))]
    public async Task What_was_refused_before_it_began_is_asked_again(string row)
    {
        _cluster.Login = (_, _) => _cluster.Asked.Count == 1
            ? throw new GatewayTooBusyException("busy")
            : Task.FromResult(LoginResult.Rejected("then"));
        Assert.Equal("then", (await LogIn(Row(row))).Message);
        Assert.Equal(2, _cluster.Asked.Count);
    }

    [Fact]
    public async Task A_way_that_says_nothing_is_not_taken_for_what_is_asked_once()
    {
        _cluster.Where = (way, stop) => way % 3 == 1 ? Silent(stop) : Task.FromResult("other");
        _cluster.Login = (way, _) => Task.FromResult(LoginResult.Rejected($"{way % 3}"));
        var (relays, started) = (new Relays(_time), _time.GetTimestamp());
        for (var i = 0; i < 30; i++)
        {
            Assert.NotEqual("1", (await LogIn(CallPolicy.Password, relays)).Message);
        }

        Assert.InRange(_time.GetElapsedTime(started).TotalSeconds, 0, 3);
    }

    [Fact]
    public async Task A_relay_that_answered_a_moment_ago_is_not_asked_first_whether_it_does()
    {
        var probes = 0;
        _cluster.Where = (way, _) => Task.FromResult(Interlocked.Increment(ref probes) > 0 ? $"silo-{way % 2}" : "");
        var client = ClusterLab.Client(_cluster.Factory, new Relays(_time), _time);
        await LogIn(Relays.Count);
        Assert.Equal(Relays.Count, probes);
        await LogIn(Relays.Count * 10);
        Assert.Equal(Relays.Count, probes);

        // A silo speaks for all ways that lead to it.
        _time.Advance(TimeSpan.FromMilliseconds(50));
        await LogIn(Relays.Count);
        Assert.Equal(Relays.Count + 2, probes);

        // Where they lead is forgotten when it was not asked for long.
        _time.Advance(TimeSpan.FromSeconds(3));
        await LogIn(Relays.Count);
        Assert.Equal((Relays.Count * 2) + 2, probes);

        async Task LogIn(int times)
        {
            for (var i = 0; i < times; i++)
            {
                await client.Call((relay, stop) => relay.Login(null!, stop), CallPolicy.Assertion, CancellationToken.None);
            }
        }
    }

    [Fact]
    public async Task Where_a_relay_leads_is_asked_again_behind_the_calls_and_once_for_all_of_them()
    {
        var (probes, answer) = (0, new TaskCompletionSource());
        _cluster.Where = async (way, _) =>
        {
            if (Interlocked.Increment(ref probes) > Relays.Count)
            {
                await answer.Task;
            }

            return $"silo-{way % 2}";
        };
        var client = ClusterLab.Client(_cluster.Factory, new Relays(_time), _time);
        for (var i = 0; i < 26; i++)
        {
            // Never silent for long, as under load; no call waits for a probe.
            await LogIn(Relays.Count * 2);
            _time.Advance(TimeSpan.FromMilliseconds(40));
        }

        Assert.Equal(Relays.Count * 2, probes);
        answer.SetResult();

        async Task LogIn(int times)
        {
            for (var i = 0; i < times; i++)
            {
                await client.Call((relay, stop) => relay.Login(null!, stop), CallPolicy.Assertion, CancellationToken.None)
                    .WaitAsync(TimeSpan.FromMinutes(1));
            }
        }
    }

    [Fact]
    public async Task What_costs_nothing_is_asked_by_another_way_when_there_is_no_answer()
    {
        _cluster.Login = (way, stop) => _cluster.Asked.Count == 1 ? Never(way, stop) : Task.FromResult(LoginResult.Rejected("then"));
        Assert.Equal("then", (await LogIn(CallPolicy.Refresh)).Message);
        Assert.Equal(2, _cluster.Asked.Distinct().Count());
    }

    private static CallPolicy Row(string name) => (CallPolicy)typeof(CallPolicy).GetProperty(name)!.GetValue(null)!;

    private Task<LoginResult> LogIn(CallPolicy policy, Relays? relays = null)
    {
        relays ??= new Relays(_time);
        var questions = ClusterLab.Client(_cluster.Factory, relays, _time);
        return _time.Passing(questions.Call((relay, stop) => relay.Login(null!, stop), policy, CancellationToken.None), Step);
    }

    private static async Task<LoginResult> Never(int way, CancellationToken stop)
    {
        await Silent(stop);
        return LoginResult.Rejected("");
    }

    private static async Task<string> Silent(CancellationToken stop)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
        return "";
    }
}
