using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Gateway;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Scale;

/// <summary>How much is measured.</summary>
/// <param name="Idle">How long nothing is done, three times.</param>
/// <param name="Edits">Edits of one tenant.</param>
/// <param name="Writes">How long writes are told.</param>
/// <param name="Sessions">Sessions of one identity.</param>
/// <param name="Limit">How long more is asked for than a limit has.</param>
internal sealed record ScaleSize(TimeSpan Idle, int Edits, TimeSpan Writes, int Sessions, TimeSpan Limit)
{
    /// <summary>A slice, and with <c>./bench.sh --scale</c> all.</summary>
    public static ScaleSize Of(bool isWhole) => isWhole
        ? new(TimeSpan.FromSeconds(4), 5, TimeSpan.FromSeconds(3), 20_000, TimeSpan.FromSeconds(10))
        : new(TimeSpan.FromSeconds(2), 2, TimeSpan.FromSeconds(1), 200, TimeSpan.FromSeconds(5));
}

/// <summary>Measures what a cluster of its present size costs.</summary>
internal sealed class ScaleMeasurement(ScaleCluster cluster, int tenants, ScaleSize size)
{
    private const int Writers = 64;
    private const int Overviews = 10;
    private const double Mega = 1e6;

    /// <param name="silo">What its silos spend without gateways.</param>
    public async Task<ScaleRow> Run(IdleRate silo)
    {
        await Settle();
        var idle = await IdleRate.Measure(size.Idle);
        var gateways = cluster.Gateways.Count;
        var row = new ScaleRow(cluster.Silos, gateways, tenants)
        {
            Idle = idle,
            IdleGateway = new(Math.Max(0, idle.Cpu - silo.Cpu) / gateways, Math.Max(0, idle.Bytes - silo.Bytes) / gateways),
        };
        row = await Edit(row, idle);
        row = await Write(row, idle);
        row = await Limit(row, idle);
        return await Overview(row, idle);
    }

    /// <summary>For a while after it begins a shard takes it that there are gateways of the version before.</summary>
    private async Task Settle() => await Eventually.True(async () =>
    {
        var before = cluster.Calls.Of<ICacheGrain>(nameof(ICacheGrain.Changed));
        for (var shard = 0; shard < WriteGroup.Shards; shard++)
        {
            await cluster.Grains.Client.GetGrain<IWriteShardGrain>(shard).Changed(new CacheChange("https://none", "none", "none", true));
        }

        return cluster.Calls.Of<ICacheGrain>(nameof(ICacheGrain.Changed)) == before;
    }, "shards tell nobody of the version before");

    private async Task<ScaleRow> Edit(ScaleRow row, IdleRate idle)
    {
        // The first compiles what the others need.
        var edits = cluster.Edits(size.Edits + 1);
        await Take(edits[0]);
        var (cost, bytes) = (Cost.Now, cluster.Bytes);
        foreach (var edit in edits.Skip(1))
        {
            await Take(edit);
        }

        var spent = Cost.Now - cost;
        return row with
        {
            EditBytes = (double)(cluster.Bytes - bytes) / size.Edits,
            EditCpu = spent.CpuBeyond(idle) / size.Edits * 1000,
        };
    }

    private async Task Take(ConfigurationSnapshot edit)
    {
        await cluster.Listen();
        cluster.Grains.Configuration.Replace(edit);
        await Eventually.True(() => cluster.Has(edit), "every gateway has it");
    }

    /// <summary>Each repository is cached by two gateways, and written through another one.</summary>
    private async Task<ScaleRow> Write(ScaleRow row, IdleRate idle)
    {
        var places = Enumerable.Range(0, Writers).Select(i => RepositoryName.Parse($"team-{i}/app")).ToList();
        for (var i = 0; i < places.Count; i++)
        {
            var repository = new TenantRepository(new("t0", "up"), CacheLab.Hub.Address, places[i]);
            await GatewayOf(i).Pull(repository);
            await GatewayOf(i + 1).Pull(repository);
        }

        var (cost, written) = (Cost.Now, 0);
        using var end = new CancellationTokenSource(size.Writes);
        await Task.WhenAll(places.Select((place, i) => Task.Run(async () =>
        {
            var (announcer, destination) = (GatewayOf(i + 2).Announcer, new Destination(CacheLab.Hub, place, false));
            var reference = ManifestReference.Of(Tag.TryParse("v1", out var tag) ? tag : throw new FormatException());
            while (!end.IsCancellationRequested)
            {
                var write = await announcer.Begin(destination, reference);
                Assert.NotNull(write);
                await announcer.End(destination, reference, write.Value, WriteStep.Done);
                Interlocked.Increment(ref written);
            }
        })));
        var spent = Cost.Now - cost;
        return row with { Writes = written / spent.Seconds, WriteCpu = spent.CpuBeyond(idle) / written * 1e6 };
    }

    /// <summary>Three times as much as a tenant may have, one gateway after the other; each identity is within its own limit.</summary>
    private async Task<ScaleRow> Limit(ScaleRow row, IdleRate idle)
    {
        await Demand(TimeSpan.FromSeconds(2));
        var (cost, questions) = (Cost.Now, Questions);
        var served = await Demand(size.Limit);
        var spent = Cost.Now - cost;
        return row with
        {
            LimitServed = served / (ScaleCluster.Rate * spent.Seconds),
            LimitQuestions = (Questions - questions) / spent.Seconds / cluster.Gateways.Count,
            LimitCpu = spent.CpuBeyond(idle) / spent.Seconds,
        };
    }

    private int Questions => cluster.Calls.Of<ILimitSharesGrain>(nameof(ILimitSharesGrain.Grant));

    private async Task<int> Demand(TimeSpan time)
    {
        List<Task<bool>> asked = [];
        for (var begin = Cost.Now; (Cost.Now - begin).Seconds < time.TotalSeconds; await Task.Delay(5))
        {
            while (asked.Count < (Cost.Now - begin).Seconds * ScaleCluster.Rate * 3)
            {
                asked.Add(IsServed(GatewayOf(asked.Count), $"t0/staff/u{asked.Count % 100}"));
            }
        }

        return (await Task.WhenAll(asked)).Count(isServed => isServed);
    }

    private static async Task<bool> IsServed(GatewayHalf gateway, string identity) =>
        await gateway.Limits.AdmitIdentity(gateway.Map!.TenantOf("t0.example")!, identity, identity) is null;

    private GatewayHalf GatewayOf(int i) => cluster.Gateways[i % cluster.Gateways.Count];

    private async Task<ScaleRow> Overview(ScaleRow row, IdleRate idle)
    {
        var operations = cluster.Grains.Service<IGrainFactory>().GetGrain<IOperationsGrain>(0);
        var ids = Enumerable.Range(0, cluster.Gateways.Count).Select(i => $"g{i}").ToList();
        var heap = Cost.Heap;
        for (var round = 1; round <= 2; round++)
        {
            foreach (var id in ids)
            {
                await operations.Report(ReportOf(id, round));
            }

            await Eventually.True(
                async () => (await operations.Describe()).Tenants.Count == tenants, "they are told");
        }

        heap = Cost.Heap - heap;
        var cost = Cost.Now;
        for (var i = 0; i < Overviews; i++)
        {
            await operations.Describe();
        }

        var spent = Cost.Now - cost;
        await Task.WhenAll(ids.Select(id => operations.Leave(id).AsTask()));
        return row with { OverviewCpu = spent.CpuBeyond(idle) / Overviews * 1000, Reports = Math.Max(0, heap) / Mega };
    }

    private ProcessReport ReportOf(string id, int round) => new()
    {
        Id = id, Kind = "gateway", Host = id, Version = "", Started = DateTimeOffset.UnixEpoch, Configuration = "", Number = round,
        Tenants = [.. Enumerable.Range(0, tenants).Select(tenant => new TenantTraffic($"tenant-{tenant}", round * 100, 0, 0))],
    };
}
