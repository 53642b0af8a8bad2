using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using RegistryProxy.Silo.Clustering;
using RegistryProxy.Tests.Support.Servers;
using StackExchange.Redis;

namespace RegistryProxy.Tests.Clustering;

/// <summary>What silos put back into a Redis that lost the membership is the newest that one of them knew, in whatever order they come.</summary>
public sealed class RedisMembershipMemoryTests
{
    private const string Version = "Version";
    private const string Key = "registryproxy/members/default";
    private static readonly SiloAddress One = SiloAddress.New(IPAddress.Loopback, 1001, 1);
    private static readonly SiloAddress Two = SiloAddress.New(IPAddress.Loopback, 1002, 1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_knew_less_does_not_have_the_last_word(bool first)
    {
        await using var redis = await Redis.Start();
        await using var connection = await ConnectionMultiplexer.ConnectAsync(redis.Connection);
        var table = connection.GetDatabase();
        var (less, more) = (Memory(connection, One), Memory(connection, Two));
        await table.HashSetAsync(Key, [new(Version, 5), new(One.ToString(), "active"), new(Two.ToString(), "joining")]);
        await less.Remember(default);
        await table.HashSetAsync(Key, [new(Version, 6), new(Two.ToString(), "active")]);
        await more.Remember(default);
        Assert.False(await less.Restore(default));
        Assert.False(await more.Restore(default));

        // A newcomer took the empty table for an empty cluster.
        await table.KeyDeleteAsync(Key);
        await table.HashSetAsync(Key, [new(Version, 1), new("newcomer", "active")]);
        foreach (var memory in first ? new[] { less, more } : [more, less])
        {
            await memory.Restore(default);
            await memory.Remember(default);
        }

        Assert.Equal("active", await table.HashGetAsync(Key, One.ToString()));
        Assert.Equal("active", await table.HashGetAsync(Key, Two.ToString()));
        Assert.Equal("active", await table.HashGetAsync(Key, "newcomer"));
        Assert.True((int)await table.HashGetAsync(Key, Version) > 6);
        Assert.False(await less.Restore(default));
        Assert.False(await more.Restore(default));
    }

    private static RedisMembershipMemory Memory(ConnectionMultiplexer connection, SiloAddress silo) => new(
        connection, new Details(silo), Options.Create(new RedisClusteringOptions()),
        Options.Create(new ClusterOptions { ServiceId = "registryproxy", ClusterId = "default" }));

    private sealed record Details(SiloAddress SiloAddress) : ILocalSiloDetails
    {
        public string Name => "silo";

        public string ClusterId => "default";

        public string DnsHostName => "localhost";

        public SiloAddress GatewayAddress => SiloAddress;
    }
}
