using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Tokens that name keys which somebody made up park few requests.</summary>
public sealed class UnknownKeysTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly CurrentMap _current;
    private readonly FrontDoorMap _map = Map();
    private readonly UnknownKeys _unknown;

    public UnknownKeysTests()
    {
        _current = new CurrentMap(_time);
        _current.Replace(_map);
        _unknown = new UnknownKeys(new SnapshotRounds(_current, _time), new ClientAddress([]));
    }

    [Fact]
    public async Task So_many_wait_of_one_address_and_in_all_and_the_others_are_refused_at_once()
    {
        var flood = Enumerable.Range(0, 1000).Select(_ => From("10.0.0.1")).ToList();
        Assert.Equal(UnknownKeys.MaxOfCaller, flood.Count(one => !one.IsCompleted));
        var neighbour = From("10.0.0.2");
        Assert.False(neighbour.IsCompleted);
        flood.AddRange(Enumerable.Range(0, 1000).Select(i => From($"10.1.{i / 250}.{i % 250}")));
        Assert.Equal(UnknownKeys.MaxWaiting, flood.Append(neighbour).Count(one => !one.IsCompleted));

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.All(await Task.WhenAll(flood.Append(neighbour)), Assert.Null);
        var again = From("10.0.0.1");
        Assert.False(again.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(await again);
        var newer = Map();
        _current.Replace(newer);
        Assert.Same(newer, await From("10.0.0.1"));
    }

    private Task<FrontDoorMap?> From(string address) =>
        _unknown.Newer(_map, new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(address) } }).AsTask();

    private static FrontDoorMap Map() => new(new GatewaySnapshot
    {
        Version = "1", ConfigurationVersion = "1", AccessLifetime = TimeSpan.FromMinutes(15), Keys = [], UploadKeys = [],
        Upstreams = [], Tenants = [],
    });
}
