using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Grains;

/// <summary>Guesses are slow for who makes them, and what is remembered of them is small.</summary>
public sealed class LoginThrottleTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly LoginThrottle _throttle;

    public LoginThrottleTests() => _throttle = new LoginThrottle(_time);

    [Fact]
    public async Task Long_names_are_not_kept()
    {
        List<WeakReference> names = [];
        for (var i = 0; i < 300; i++)
        {
            await FailAs(names, i);
        }

        GC.Collect();
        Assert.True(names.Count(name => name.IsAlive) < 10, $"{names.Count(name => name.IsAlive)} of {names.Count} names are kept");
    }

    private Task<bool> FailAs(List<WeakReference> names, int number)
    {
        var name = $"{number}{new string('A', 60_000)}";
        names.Add(new WeakReference(name));
        return Fail(name, $"10.1.{number / 250}.{number % 250}");
    }

    [Fact]
    public async Task Nothing_is_kept_of_a_try_that_is_refused()
    {
        while (await Fail("alice", "10.0.0.1"))
        {
        }

        var before = _throttle.Count;
        for (var i = 0; i < 20_000; i++)
        {
            Assert.False(await Fail("alice", $"10.1.{i / 250}.{i % 250}"));
        }

        Assert.Equal(before, _throttle.Count);
    }

    [Fact]
    public async Task A_new_address_logs_in_while_all_others_guess()
    {
        for (var i = 0; i < 5000; i++)
        {
            await Fail($"user-{i}", $"10.1.{i / 250}.{i % 250}");
        }

        using var login = await Begin("alice", "10.0.0.1");
        Assert.NotNull(login);
    }

    [Fact]
    public async Task What_one_machine_gets_wrong_refuses_no_other_machine()
    {
        var refused = 0;
        for (var i = 0; i < 500; i++)
        {
            refused += await Show("wrong") ? 0 : 1;
        }

        Assert.InRange(refused, 1, 499);
        Assert.True(await Show("good"));
        Assert.True(await Show("wrong", "10.0.0.2"));
    }

    [Fact]
    public async Task One_machine_that_tries_again_and_again_with_what_is_wrong_holds_up_none_at_its_address()
    {
        for (var second = 0; second < 600; second++)
        {
            await Show($"wrong {second}");
            Assert.True(await Show("good", isGood: true));
            Assert.True(await Show($"good {second}", isGood: true));
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task Text_that_nobody_else_is_asked_about_costs_its_address_nothing()
    {
        for (var i = 0; i < 500; i++)
        {
            Assert.True(await Show($"invented {i}", isFree: true));
        }

        Assert.True(await Show("good", isFree: true));
        Assert.True(await Fail("alice", "10.0.0.1"));
        var same = 0;
        for (var i = 0; i < 500; i++)
        {
            same += await Show("the same", isFree: true) ? 1 : 0;
        }

        Assert.Equal(30, same);
    }

    [Fact]
    public async Task An_account_has_one_budget_however_it_is_spelled()
    {
        string[] spellings = ["alice b", "Alice B", "ALICE B", "alice  b", " alice b ", "alice\tb", "\uff41lice b", "alice\u3000\uff42"];
        var tried = 0;
        for (var i = 0; i < 500; i++)
        {
            tried += await Fail(spellings[i % spellings.Length], $"10.1.{i / 250}.{i % 250}") ? 1 : 0;
        }

        Assert.Equal(30, tried);
        Assert.True(await Fail("aliceb", "10.0.0.1"));
    }

    [Fact]
    public async Task Of_many_at_once_from_one_address_so_many_wait_and_the_rest_is_refused()
    {
        var tries = Enumerable.Range(0, 2000).Select(i => Begin($"user-{i}", "10.0.0.1").AsTask()).ToList();
        Assert.Equal(4, tries.Count(one => one is { IsCompleted: true, Result: not null }));
        Assert.Equal(1024, tries.Count(one => !one.IsCompleted));
        _time.Advance(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task The_addresses_of_one_network_guess_as_eight_do()
    {
        var tried = 0;
        for (var i = 0; i < 5000; i++)
        {
            tried += await Fail($"user-{i}", $"2001:db8:0:{i:x}::1") ? 1 : 0;
        }

        Assert.InRange(tried, 100, 8 * (60 + 5));
        using var login = await Begin("alice", "2001:db8:1::1");
        Assert.NotNull(login);
    }

    [Fact]
    public async Task What_nobody_can_decide_is_no_guess_and_an_address_does_it_only_so_often()
    {
        using (var proved = await Begin("alice", "10.0.0.1"))
        {
            proved!.Succeed();
        }

        var tried = 0;
        for (var i = 0; i < 500; i++)
        {
            tried += await Leave($"invented-{i}", "10.0.0.1") ? 1 : 0;
            await Leave($"invented-{i}", $"2001:db8:0:{i:x}::1");
        }

        Assert.Equal(LoginThrottle.UndecidedBurst, tried);
        Assert.False(await Leave("anybody", "2001:db8:0:ffff::1"));
        Assert.True(await Leave("alice", "10.0.0.1"));
        for (var i = 0; i < 200; i++)
        {
            Assert.True(await Leave("bob", $"10.0.1.{i}"));
        }

        _time.Advance(TimeSpan.FromSeconds(LoginThrottle.UndecidedBurst));
        Assert.True(await Leave("invented", "10.0.0.1"));
    }

    private async Task<bool> Show(string text, string address = "10.0.0.1", bool isFree = false, bool isGood = false)
    {
        using var attempt = await _throttle.BeginProof(
            new ProofTry("acme", "k8s", new Secret(text), AsksNobody: isFree), address, CancellationToken.None);
        if (isGood)
        {
            attempt?.Succeed();
        }

        return attempt is not null;
    }

    private async Task<bool> Leave(string user, string address)
    {
        using var attempt = await Begin(user, address);
        attempt?.Leave();
        return attempt is not null;
    }

    private async Task<bool> Fail(string user, string address)
    {
        using var attempt = await Begin(user, address);
        return attempt is not null;
    }

    private ValueTask<LoginAttempt?> Begin(string user, string address) => _throttle.Begin("acme", user, address, CancellationToken.None);
}
