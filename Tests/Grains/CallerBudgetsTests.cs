using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Tests.Grains;

/// <summary>What some tens of addresses do all the time keeps nobody else out.</summary>
public sealed class CallerBudgetsTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly GoodAddresses _good;
    private readonly CallerBudgets _budgets;

    public CallerBudgetsTests()
    {
        _good = new GoodAddresses(_time);
        _budgets = new CallerBudgets(20, TimeSpan.FromSeconds(6), 100, TimeSpan.FromSeconds(1), _good, _time);
    }

    [Fact]
    public void Who_is_new_and_who_was_good_gets_in_while_some_tens_of_addresses_try_all_the_time()
    {
        _good.Remember("acme", "203.0.113.1");
        for (var second = 0; second < 600; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            for (var i = 0; i < 50; i++)
            {
                _budgets.TryCharge("acme", $"198.51.100.{i}");
            }
        }

        Assert.Null(_budgets.TryCharge("acme", "198.51.100.7"));
        Assert.NotNull(_budgets.TryCharge("acme", "203.0.113.2"));
        Assert.NotNull(_budgets.TryCharge("acme", "2001:db8:1::1"));
        for (var i = 0; i < 200; i++)
        {
            _budgets.TryCharge("acme", $"203.0.114.{i}");
        }

        Assert.Null(_budgets.TryCharge("acme", "203.0.113.3"));
        Assert.Null(_budgets.TryCharge("other", "203.0.113.1"));
        Assert.Equal(20, Enumerable.Range(0, 100).Count(_ => _budgets.TryCharge("acme", "203.0.113.1") is not null));
        _time.Advance(TimeSpan.FromDays(2));
        Assert.NotNull(_budgets.TryCharge("acme", "198.51.100.7"));
    }

    [Fact]
    public void The_addresses_of_one_network_are_charged_together()
    {
        var budgets = new CallerBudgets(20, TimeSpan.FromSeconds(6), 10_000, TimeSpan.FromSeconds(1), _good, _time);
        Assert.Equal(8 * 20, Enumerable.Range(0, 5000).Count(i => budgets.TryCharge("acme", $"2001:db8:0:{i:x}::1") is not null));
        Assert.NotNull(budgets.TryCharge("acme", "2001:db8:1::1"));
    }

    [Fact]
    public void Nothing_is_kept_of_a_try_that_is_refused_and_what_is_given_back_is_there_again()
    {
        for (var i = 0; i < 1000; i++)
        {
            _budgets.TryCharge("acme", "198.51.100.1")?.Forgive();
        }

        var charged = Enumerable.Range(0, 2000).Count(i => _budgets.TryCharge("acme", $"198.51.{i / 200}.{i % 200}") is not null);
        Assert.Equal(100, charged);
        Assert.InRange(_budgets.Count, 100, 101);
    }
}
