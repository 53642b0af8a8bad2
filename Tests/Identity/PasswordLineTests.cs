using RegistryProxy.Grains.Identity;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Identity;

/// <summary>Many passwords that wait keep out nobody who has few.</summary>
public sealed class PasswordLineTests
{
    private readonly PasswordLine _line = new(1);

    public PasswordLineTests() => Assert.True(_line.Enter(default).Result);

    [Fact]
    public async Task An_address_has_a_quarter_of_the_places()
    {
        var flood = Enumerable.Range(0, 1000).Select(_ => Stranger(1)).ToList();
        Assert.Equal(PasswordLine.MaxOfCaller, flood.Count(one => !one.IsCompleted));
        var other = Stranger(2);
        _line.Leave();
        _line.Leave();
        Assert.True(await other);
    }

    [Fact]
    public async Task Where_somebody_logged_in_before_a_login_finds_its_place_and_goes_first()
    {
        var flood = Flood("acme");
        var user = _line.Enter(new PasswordSource("acme", Address(200), true));
        Assert.False(user.IsCompleted);
        Assert.Equal(PasswordLine.MaxWaiting - 1, Waiting(flood));
        _line.Leave();
        Assert.True(await user);
    }

    [Fact]
    public async Task A_new_address_gets_a_place_of_who_has_many_and_its_turn_among_the_first()
    {
        var flood = Flood("acme");
        var newcomer = Stranger(200);
        Assert.False(newcomer.IsCompleted);
        Assert.Equal(PasswordLine.MaxWaiting - 1, Waiting(flood));
        for (var turn = 0; turn < 17; turn++)
        {
            _line.Leave();
        }

        Assert.True(await newcomer);
    }

    [Fact]
    public async Task A_tenant_without_its_quarter_gets_a_place_of_one_that_has_more_and_they_take_turns()
    {
        var flood = Enumerable.Range(0, PasswordLine.MaxWaiting).Select(i => _line.Enter(new PasswordSource("acme", Address(i), true))).ToList();
        var others = Enumerable.Range(0, PasswordLine.MaxOfTenant).Select(i => _line.Enter(new PasswordSource("quiet", Address(100 + i), true))).ToList();
        Assert.Equal(PasswordLine.MaxOfTenant, Waiting(others));
        Assert.Equal(PasswordLine.MaxWaiting - PasswordLine.MaxOfTenant, Waiting(flood));
        Assert.False(await Stranger(300));
        for (var turn = 0; turn < 2 * PasswordLine.MaxOfTenant; turn++)
        {
            _line.Leave();
        }

        Assert.All(await Task.WhenAll(others), Assert.True);
    }

    [Fact]
    public async Task Everybody_who_waits_gets_a_turn_and_places_are_free_again()
    {
        var flood = Flood("acme");
        for (var turn = 0; turn <= PasswordLine.MaxWaiting; turn++)
        {
            _line.Leave();
        }

        Assert.All(await Task.WhenAll(flood), Assert.True);
        Assert.True(await Stranger(1));
        Assert.False(Stranger(1).IsCompleted);
    }

    /// <summary>All places, four for each of sixteen addresses.</summary>
    private List<Task<bool>> Flood(string tenant) =>
        [.. Enumerable.Range(0, PasswordLine.MaxWaiting).Select(i => _line.Enter(new PasswordSource(tenant, Address(i % 16), false)))];

    private Task<bool> Stranger(int address) => _line.Enter(new PasswordSource("acme", Address(address), false));

    private static int Waiting(List<Task<bool>> tasks) => tasks.Count(one => !one.IsCompleted);

    private static CallerAddress Address(int number) => CallerAddress.Of($"10.0.{number / 250}.{number % 250}");
}
