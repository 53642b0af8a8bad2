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
    public async Task A_tenant_with_few_places_gets_a_place_of_one_that_has_more_and_they_take_turns()
    {
        var flood = Enumerable.Range(0, PasswordLine.MaxWaiting)
            .Select(i => _line.Enter(new PasswordSource("acme", Address(i), true))).ToList();
        var others = Enumerable.Range(0, PasswordLine.MaxOfCaller)
            .Select(i => _line.Enter(new PasswordSource("quiet", Address(100 + i), true))).ToList();
        Assert.Equal(PasswordLine.MaxOfCaller, Waiting(others));
        Assert.Equal(PasswordLine.MaxWaiting - PasswordLine.MaxOfCaller, Waiting(flood));
        for (var turn = 0; turn < 2 * PasswordLine.MaxOfCaller; turn++)
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

    [Fact]
    public async Task Who_is_known_in_one_tenant_goes_before_strangers_there_alone_and_not_every_time()
    {
        var known = Enumerable.Range(0, 40).Select(i => _line.Enter(new PasswordSource("busy", Address(i % 8), true))).ToList();
        var (elsewhere, here) = (Stranger(200), _line.Enter(new PasswordSource("busy", Address(201), false)));
        _line.Leave();
        _line.Leave();
        Assert.True(await elsewhere);
        for (var turn = 0; turn < 2; turn++)
        {
            Assert.False(here.IsCompleted);
            _line.Leave();
        }

        _line.Leave();
        Assert.True(await here);
        Assert.Equal(37, Waiting(known));
    }

    [Fact]
    public void Who_comes_again_and_again_for_one_turn_is_not_first_again_and_again()
    {
        var waiting = Enumerable.Range(0, 10).Select(i => Stranger(i)).ToList();
        for (var turn = 0; turn < 20; turn++)
        {
            _ = _line.Enter(new PasswordSource("busy", Address(100), true));
            _line.Leave();
        }

        Assert.Equal(0, Waiting(waiting));
    }

    [Fact]
    public void Strangers_of_a_tenant_keep_some_places()
    {
        var known = Enumerable.Range(0, PasswordLine.MaxWaiting)
            .Select(i => _line.Enter(new PasswordSource("acme", Address(i), true))).ToList();
        var strangers = Enumerable.Range(100, 40).Select(Stranger).ToList();
        Assert.InRange(Waiting(strangers), 4, 4);
        Assert.Equal(PasswordLine.MaxWaiting - 4, Waiting(known));
    }

    [Fact]
    public async Task Whose_client_has_left_has_no_place_and_no_turn()
    {
        using var left = new CancellationTokenSource();
        var gone = Enumerable.Range(0, PasswordLine.MaxWaiting)
            .Select(i => _line.Enter(new PasswordSource("acme", Address(i), false), left.Token)).ToList();
        await left.CancelAsync();
        Assert.All(await Task.WhenAll(gone), Assert.False);
        Assert.False(await _line.Enter(default, left.Token));
        var user = Stranger(100);
        _line.Leave();
        Assert.True(await user);
        _line.Leave();
        Assert.True(await Stranger(1));
    }

    [Fact]
    public void Among_equals_who_comes_later_may_get_a_place()
    {
        var first = Enumerable.Range(0, PasswordLine.MaxWaiting).Select(Stranger).ToList();
        var later = Enumerable.Range(100, 100).Select(Stranger).ToList();
        Assert.InRange(Waiting(later), 1, PasswordLine.MaxWaiting);
        Assert.Equal(PasswordLine.MaxWaiting, Waiting(first) + Waiting(later));
    }

    /// <summary>All places, four for each of sixteen addresses.</summary>
    private List<Task<bool>> Flood(string tenant) =>
        [.. Enumerable.Range(0, PasswordLine.MaxWaiting).Select(i => _line.Enter(new PasswordSource(tenant, Address(i % 16), false)))];

    private Task<bool> Stranger(int address) => _line.Enter(new PasswordSource("acme", Address(address), false));

    private static int Waiting(List<Task<bool>> tasks) => tasks.Count(one => !one.IsCompleted);

    private static CallerAddress Address(int number) => CallerAddress.Of($"10.0.{number / 250}.{number % 250}");
}
