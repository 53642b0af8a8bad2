using RegistryProxy.Configuration;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.State;
using StackExchange.Redis;
using Redis = RegistryProxy.Tests.Support.Servers.Redis;

namespace RegistryProxy.Tests.Clustering;

/// <summary>The connection to the Redis of the state, and how that Redis is set.</summary>
public sealed class RedisConnectionTests : IAsyncLifetime
{
    private Redis _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await Redis.Start();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task One_that_could_not_be_made_is_tried_again_and_one_that_was_is_kept()
    {
        var tries = 0;
        await using var connection = new RedisConnection(() => ++tries == 1
            ? throw new RedisConnectionException(ConnectionFailureType.UnableToConnect, "no sentinel answers")
            : ConnectionMultiplexer.ConnectAsync(_redis.Connection)!);
        await Assert.ThrowsAsync<RedisConnectionException>(() => connection.Get().AsTask());
        var made = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => connection.Get().AsTask()));
        Assert.True(made[0].IsConnected);
        Assert.All(made, one => Assert.Same(made[0], one));
        Assert.Equal(2, tries);
    }

    [Theory]
    [InlineData("0", "volatile-lru", null)]
    [InlineData("100000000", "noeviction", null)]
    [InlineData("100000000", "volatile-lru", "volatile-lru")]
    [InlineData("100000000", "allkeys-lfu", "allkeys-lfu")]
    public async Task Whether_it_drops_records_by_itself_is_told(string memory, string policy, string? told)
    {
        await _redis.With(async (_, server) =>
        {
            await server.ConfigSetAsync("maxmemory", memory);
            await server.ConfigSetAsync("maxmemory-policy", policy);
            return 0;
        });
        await new StateLab.Place(StateProvider.Redis, "", _redis).Use(["k1"], async lab =>
        {
            var risk = await lab.Store.FindRisk();
            Assert.Equal(told is null, risk is null);
            Assert.Contains(told ?? "", risk ?? "");
        });
    }
}
