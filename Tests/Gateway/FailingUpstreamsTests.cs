using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Tests.Gateway;

/// <summary>However an upstream flaps, the silos are told twice a minute at most that it fails, and an outage is never missed.</summary>
public sealed class FailingUpstreamsTests
{
    private static readonly ExchangeFault Refused = new("connect", "connection refused");

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly List<string?> _told = [];
    private readonly FailingUpstreams _failing;

    public FailingUpstreamsTests()
    {
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        _failing = new FailingUpstreams((_, reason) => _told.Add(reason), services.GetRequiredService<IMeterFactory>(), _time, NullLogger<FailingUpstreams>.Instance);
    }

    [Fact]
    public void One_that_flaps_is_one_outage_until_nothing_failed_for_a_while()
    {
        for (var i = 0; i < 1000; i++)
        {
            _failing.Failed("up", Refused);
            _failing.Answered("up");
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal([Refused.Reason], _told);
        _time.Advance(TimeSpan.FromSeconds(6));
        _failing.Answered("other");
        _failing.Answered("up");
        _failing.Answered("up");
        Assert.Equal([Refused.Reason, null], _told);
    }

    [Fact]
    public void While_it_fails_it_is_told_twice_a_minute()
    {
        for (var i = 0; i < 600; i++, _time.Advance(TimeSpan.FromMilliseconds(100)))
        {
            _failing.Failed("up", Refused);
        }

        Assert.Equal(2, _told.Count);
        _failing.Failed("up", Refused);
        Assert.Equal(3, _told.Count);
    }
}
