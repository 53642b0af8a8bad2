using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>Transfers of a tenant have as many places as its limit says, at whichever gateways they are.</summary>
public sealed class SharedStreamsTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<TenantLimits> _gateways = [];
    private LimitCluster? _cluster;

    public void Dispose() => _services.Dispose();

    [Fact]
    public async Task Streams_have_their_places_where_they_are_wanted()
    {
        Start(10);
        var tenant = Of(40);
        List<StreamLease> open = [];
        await Run(seconds: 5, async _ =>
        {
            if ((await _cluster!.Answer(_gateways[0].Begin(tenant, Caller(open.Count), From()))).Lease is { } lease)
            {
                open.Add(lease);
            }
        });
        Assert.InRange(open.Count, 38, 40);
        await Run(seconds: 5, async _ =>
        {
            if ((await _cluster!.Answer(_gateways[1].Begin(tenant, Caller(open.Count), From()))).Lease is { } lease)
            {
                open.Add(lease);
            }
        });
        Assert.InRange(open.Count, 38, 40 + 4);
        open.ForEach(lease => lease.Dispose());
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(10, 100)]
    [InlineData(40, 100)]
    public async Task However_few_places_there_are_they_are_kept_and_come_back(int streams, int gateways)
    {
        Start(gateways);
        var tenant = Of(streams);
        List<StreamLease> open = [];
        for (var round = 0; round < 3; round++)
        {
            await Run(seconds: 5, async tick =>
            {
                if ((await _cluster!.Answer(_gateways[tick % gateways].Begin(tenant, Caller(tick), From()))).Lease is { } lease)
                {
                    open.Add(lease);
                }
            });
            Assert.InRange(open.Count, Math.Max(1, streams * 0.95), streams);
            open.ForEach(lease => lease.Dispose());
            open.Clear();
        }
    }

    /// <summary>Short streams, far fewer at a time than there are places, now here and now there.</summary>
    [Theory]
    [InlineData(5, 10, 1, 50)]
    [InlineData(10, 10, 3, 100)]
    [InlineData(20, 10, 5, 200)]
    [InlineData(200, 100, 50, 500)]
    public async Task Places_that_are_free_are_free_everywhere(int streams, int gateways, int perSecond, int milliseconds)
    {
        Start(gateways);
        var (tenant, random, refused, asked) = (Of(streams), new Random(streams), 0, 0);
        Queue<(int Until, StreamLease Lease)> open = [];
        await Run(seconds: 120, async tick =>
        {
            while (open.TryPeek(out var oldest) && oldest.Until <= tick)
            {
                open.Dequeue().Lease.Dispose();
            }

            if (random.NextDouble() >= perSecond / 100.0)
            {
                return;
            }

            asked++;
            var gateway = _gateways[random.Next(gateways)];
            if ((await _cluster!.Answer(gateway.Begin(tenant, Caller(asked), From()))).Lease is { } lease)
            {
                open.Enqueue((tick + (milliseconds / 10), lease));
            }
            else
            {
                refused++;
            }
        });
        Assert.True(asked > 100 && refused <= asked / 25, $"{refused} of {asked}");
    }

    [Fact]
    public async Task Transfers_that_run_keep_their_places_when_the_grain_begins_anew()
    {
        Start(10);
        var tenant = Of(20);
        List<StreamLease> open = [];
        for (var part = 0; part < 3; part++)
        {
            await Run(seconds: 10, async tick =>
            {
                if ((await _cluster!.Answer(_gateways[tick % 10].Begin(tenant, Caller(tick), From()))).Lease is { } lease)
                {
                    open.Add(lease);
                }
            });
            Assert.InRange(open.Count, 19, 20 + 10);
            _cluster!.Move();
        }

        open.ForEach(lease => lease.Dispose());
    }

    private void Start(int gateways)
    {
        _cluster = new LimitCluster(_time, gateways);
        var meter = new TenantMeter(_services.GetRequiredService<IMeterFactory>(), _time);
        _gateways.AddRange(_cluster.Gateways.Select(shares => new TenantLimits(new ClientAddress([]), shares, meter, _time)));
    }

    private async Task Run(int seconds, Func<int, Task> tick)
    {
        for (var i = 0; i < seconds * 100; i++)
        {
            await tick(i);
            await _cluster!.Tick(i);
        }
    }

    private static DefaultHttpContext From() => new() { Connection = { RemoteIpAddress = IPAddress.Loopback } };

    private static CallerKey Caller(int number) => new($"acme/corp/{number % 20}", default);

    private static Tenant Of(int streams) => new(
        new TenantSnapshot
        {
            Name = "acme", Hosts = ["*"], Routes = [], AnonymousRules = [], Namespaces = new Dictionary<string, string>(),
            Limits = new LimitSnapshot(null, null, streams, null),
        },
        new Dictionary<string, Upstream>());
}
