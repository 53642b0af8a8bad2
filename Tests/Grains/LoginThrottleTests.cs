using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Throttling;

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
            using var attempt = await _throttle.BeginProof("acme", "k8s", "10.0.0.1", CancellationToken.None);
            refused += attempt is null ? 1 : 0;
        }

        Assert.InRange(refused, 1, 499);
        using var other = await _throttle.BeginProof("acme", "k8s", "10.0.0.2", CancellationToken.None);
        Assert.NotNull(other);
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
