using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>A limit that cannot be kept as it is configured is said: by a gauge, two lines of the log, and on the overview.</summary>
public sealed class UnsharedLimitsTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly LogLines<UnsharedNotice> _log = new();
    private readonly LimitCluster _cluster;
    private readonly LimitShares _shares;
    private readonly UnsharedNotice _notice;
    private readonly MeterReadings _gauge;

    public UnsharedLimitsTests()
    {
        (_cluster, var meters) = (new LimitCluster(_time, 10), _services.GetRequiredService<IMeterFactory>());
        (_shares, _notice) = (_cluster.Gateways[0], new UnsharedNotice(_cluster.Gateways[0], meters, _time, _log));
        _gauge = new MeterReadings(meters, "registryproxy.gateway.limits_unshared");
    }

    public void Dispose()
    {
        _gauge.Dispose();
        _notice.Dispose();
        _services.Dispose();
    }

    [Theory]
    [InlineData(false, "no silo answers")]
    [InlineData(true, "than it keeps limits for")]
    public async Task What_the_cluster_does_not_share_is_said_until_it_does(bool isFull, string reason)
    {
        (_cluster.IsFull, _cluster.IsSilent) = (isFull, !isFull);
        await Ask(seconds: 8);
        Assert.Equal((0.0, 0, 0), (Measured(), _log.Lines.Count, _shares.Unshared.Troubles.Count()));
        await Ask(seconds: 10);
        Assert.InRange(Measured(), 15, 20);
        var trouble = Assert.Single(_shares.Unshared.Troubles);
        Assert.Equal(ProcessTroubleKind.Limits, trouble.Kind);
        Assert.Contains(reason, trouble.What);
        var line = Assert.Single(_log.Lines);
        Assert.Contains(reason, line);
        Assert.Contains("acme", line);

        (_cluster.IsFull, _cluster.IsSilent) = (false, false);
        await Ask(seconds: 12);
        Assert.Equal((0.0, 2, 0), (Measured(), _log.Lines.Count, _shares.Unshared.Troubles.Count()));
        Assert.Contains("shared by demand again", _log.Lines[^1]);

        double Measured() => Assert.Single(_gauge.Shown()).Value;
    }

    [Fact]
    public async Task More_limits_than_a_gateway_asks_about_are_said()
    {
        for (var i = 0; i <= LimitShares.Capacity; i++)
        {
            _shares.ListPermits(isOfTenant: true);
        }

        await Ask(seconds: 12);
        Assert.Contains("ask this gateway", Assert.Single(_shares.Unshared.Troubles).What);
    }

    [Fact]
    public async Task A_silo_that_goes_away_is_no_trouble()
    {
        await Ask(seconds: 3);
        _cluster.IsSilent = true;
        await Ask(seconds: 4);
        _cluster.IsSilent = false;
        await Ask(seconds: 20);
        Assert.Equal((0, 0), (_log.Lines.Count, _shares.Unshared.Troubles.Count()));
    }

    private async Task Ask(int seconds)
    {
        var permits = new SharedPermits(_shares, _time, "acme", "requests");
        for (var tick = 0; tick < seconds * 100; tick++)
        {
            if (tick % 5 == 0)
            {
                _ = await _cluster.Answer(permits.Take(1000));
            }

            if (tick % 100 == 0)
            {
                _notice.Look();
            }

            await _cluster.Tick(tick);
        }

        _notice.Look();
    }
}
