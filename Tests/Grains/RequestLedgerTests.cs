using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Accounts;

namespace RegistryProxy.Tests.Grains;

/// <summary>Sharing out what an account has left.</summary>
public sealed class RequestLedgerTests
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(6);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public void An_account_that_is_not_counted_is_given_what_it_asks_for()
    {
        var ledger = new RequestLedger(_time);
        ledger.Note(new RateLimitSighting(null, 0, default), 7);
        Assert.True(ledger.IsKnown);
        Assert.False(ledger.IsMetered);
        Assert.Equal(20, ledger.Lease(new LeaseRequest("g", 20, 0, 0), 2).Permits);
    }

    [Fact]
    public void Gateways_that_ask_no_more_are_forgotten()
    {
        var ledger = new RequestLedger(_time);
        for (var gateway = 0; gateway < 1000; gateway++)
        {
            ledger.Lease(new LeaseRequest($"g{gateway}", 20, 0, 1), 2);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(ledger.Gateways, 1, (int)BudgetLease.Lifetime.TotalSeconds + 1);
        var breakers = new OpenBreakers(_time, TimeSpan.FromSeconds(90));
        for (var gateway = 0; gateway < 1000; gateway++)
        {
            breakers.Note($"g{gateway}", open: true);
            breakers.Note($"closed-{gateway}", open: true);
            breakers.Note($"closed-{gateway}", open: false);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(breakers.Remembered, 80, 90);
        _time.Advance(TimeSpan.FromSeconds(90));
        Assert.Equal(0, breakers.Count);
    }

    [Fact]
    public void Permits_never_exceed_what_is_left_whatever_answers_are_under_way()
    {
        var ledger = new RequestLedger(_time);
        ledger.Note(new RateLimitSighting(100, 99, Window), 7);
        var given = 0;
        while (ledger.Lease(new LeaseRequest("g", 20, 0, 0), 3) is { Permits: > 0 } lease)
        {
            given += lease.Permits;
            ledger.Note(new RateLimitSighting(100, 99 - (given / 2), Window), 7);
        }

        Assert.Equal(92, given);
    }

    [Fact]
    public void Unused_permits_come_back()
    {
        var ledger = new RequestLedger(_time);
        ledger.Note(new RateLimitSighting(100, 10, Window), 0);
        Assert.Equal(10, ledger.Lease(new LeaseRequest("g", 20, 0, 0), 1).Permits);
        Assert.Equal(4, ledger.Lease(new LeaseRequest("g", 20, 4, 0), 1).Permits);
    }

    [Fact]
    public void A_new_window_is_noticed_by_an_answer_and_by_time()
    {
        var ledger = new RequestLedger(_time);
        ledger.Note(new RateLimitSighting(100, 0, Window), 0);
        Assert.Equal(1, ledger.Lease(new LeaseRequest("g", 20, 0, 0), 1).Permits);
        ledger.Note(new RateLimitSighting(100, 0, Window), 0);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.InRange(ledger.Lease(new LeaseRequest("g", 20, 0, 0), 1).RetryAfter.TotalSeconds, 1, 60);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, ledger.Lease(new LeaseRequest("g", 20, 0, 0), 1).Permits);
        ledger.Note(new RateLimitSighting(100, 99, Window), 0);
        Assert.Equal(20, ledger.Lease(new LeaseRequest("g", 20, 0, 0), 1).Permits);

        ledger.Exhaust(TimeSpan.FromMinutes(5));
        Assert.Equal(TimeSpan.FromMinutes(5), ledger.Lease(new LeaseRequest("g", 20, 0, 0), 1).RetryAfter);
        _time.Advance(Window + TimeSpan.FromSeconds(1));
        Assert.Equal(20, ledger.Lease(new LeaseRequest("g", 20, 0, 0), 1).Permits);
    }
}
