using RegistryProxy.Configuration;
using RegistryProxy.Silo.Storage;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Clustering;

/// <summary>A look at all records of a Redis reads no more than records are, whatever else lies there.</summary>
public sealed class RedisSweepTests
{
    [Fact]
    public Task Keys_that_are_too_long_to_be_ours_are_not_read() => StateLab.With(StateProvider.Redis, async place =>
    {
        const int Foreign = 8;
        var state = $"lab/state/grain/{new string('k', RedisRecordStore.MaxKey)}";
        await place.Redis.With(async (database, _) =>
        {
            for (var i = 0; i < Foreign; i++)
            {
                await database.HashSetAsync($"{state}{new string('k', 1 << 20)}{i}", "etag", "x");
            }

            return true;
        });
        await place.Use(["k1"], async lab =>
        {
            var owner = new StateOwner("lab", "grain/alice", "token");
            await lab.Store.Write(owner, lab.Cipher.Seal([1, 2, 3], owner), null, null);
            var before = await Sent(place);
            List<StoredRecord> found = [];
            await foreach (var record in lab.Store.All(TestContext.Current.CancellationToken))
            {
                found.Add(record);
            }

            Assert.Equal(owner, Assert.Single(found).Owner);
            Assert.InRange(await Sent(place) - before, 1, 1 << 20);
        });
    });

    [Fact]
    public Task Every_record_is_found_among_thousands() => StateLab.With(StateProvider.Redis, place => place.Use(["k1"], async lab =>
    {
        const int Count = 1500;
        await Task.WhenAll(Enumerable.Range(0, Count).Select(i =>
        {
            var owner = new StateOwner("lab", $"grain/{i}", "token");
            return lab.Store.Write(owner, lab.Cipher.Seal([1], owner), null, null);
        }));
        HashSet<string> found = [];
        await foreach (var record in lab.Store.All(TestContext.Current.CancellationToken))
        {
            found.Add(record.Place);
        }

        Assert.Equal(Count, found.Count);
    }));

    /// <summary>Bytes that the Redis sent so far.</summary>
    private static Task<long> Sent(StateLab.Place place) => place.Redis.With(async (_, server) =>
        long.Parse((await server.InfoAsync("stats")).Single().Single(line => line.Key == "total_net_output_bytes").Value));
}
